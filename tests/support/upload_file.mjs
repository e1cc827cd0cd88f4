// Uploads one file of the disk with the library, without a browser, and prints what came of it as JSON:
// node upload_file.mjs TOKEN_URL PATH
import { open, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { basename } from 'node:path';
import { text } from 'node:stream/consumers';

import { browserTransport, uploadFile } from '../../client/src/lib/upload.js';

/** What the library needs of a `Blob`. Node's own, of a file, has a size of 32 bits (Node 20). */
class DiskBlob {
  constructor(path, start, end) {
    Object.assign(this, { path, start, end, size: end - start });
  }

  slice(from, to) {
    const end = Math.min(this.start + to, this.end);
    return new DiskBlob(this.path, this.start + from, end);
  }

  async arrayBuffer() {
    const file = await open(this.path);
    try {
      const bytes = new Uint8Array(this.size);
      await file.read({ buffer: bytes, position: this.start });
      return bytes.buffer;
    } finally {
      await file.close();
    }
  }
}

async function putPart(url, part, onProgress, signal) {
  const sending = request(url, { method: 'PUT', headers: { 'Content-Length': part.size }, signal });
  const answered = new Promise((resolve, reject) => {
    sending.on('response', resolve);
    sending.on('error', reject);
  });
  sending.end(new Uint8Array(await part.arrayBuffer()));
  onProgress(part.size, part.size);
  const answer = await answered;
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

const [tokenUrl, path] = process.argv.slice(2);
const { size } = await stat(path);
const blob = new DiskBlob(path, 0, size);
const file = Object.assign(blob, { name: basename(path), type: 'video/mp4', lastModified: 0 });
const answer = await uploadFile(file, { tokenUrl, transport: { ...browserTransport, putPart } });
console.log(JSON.stringify({ answer, peakKilobytes: process.resourceUsage().maxRSS }));
