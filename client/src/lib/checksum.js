/**
 * Reads the file: for its checksum, and to see whether it still is what was chosen.
 */
import { crc64 } from './crc64.js';
import { UploadError, toUploadError } from './errors.js';
import { withTimeLimit } from './timing.js';

/** @import { Job } from './options.js' */
/** @import { Result } from './protocol.js' */

const READ_MS = 30_000; // for one piece: disks of a network, or asleep
const READ_BYTES = 8 * 1024 ** 2; // at a time: a part, mostly
const CHUNK_BYTES = 1024 ** 2; // so that no task of the page takes long

/**
 * @param {Job} job
 * @param {Blob} blob
 * @param {AbortSignal} signal
 * @param {() => void} touch  called after each chunk
 * @returns {Promise<string>} its CRC64, a decimal number
 */
export async function checksumOf({ turn }, blob, signal, touch) {
  const crc = crc64();
  for (let at = 0; at < blob.size; at += READ_BYTES) {
    const bytes = await (blob.size > READ_BYTES ? blob.slice(at, at + READ_BYTES) : blob).arrayBuffer();
    for (let from = 0; from < bytes.byteLength; from += CHUNK_BYTES) {
      signal.throwIfAborted();
      crc.update(bytes.slice(from, from + CHUNK_BYTES));
      touch();
      await turn();
    }
  }
  return crc.text();
}

/**
 * Compares what was sent with what is stored, where the callback's answer has a `crc64`. If it is not known what was sent,
 * the file is read, and must still be what was chosen.
 *
 * @param {Job} job
 * @param {Result} answer  the callback's
 * @throws {UploadError} `corrupted`, or `unreadable`
 */
export async function assertStoredWhole(job, { crc64: stored }) {
  const isKnown = typeof stored === 'string' && stored;
  const sent = (isKnown && job.crc) || (await assertReadable(job, 200, isKnown ? job.file : undefined));
  if (isKnown && (sent ?? stored) !== stored) {
    await assertReadable(job, 200); // a change of the file is the likelier reason
    throw new UploadError('corrupted', 'The stored bytes differ.', { status: 200 });
  }
}

/**
 * A file that was changed or deleted after it was chosen fails in the browser like a broken connection; one that is
 * changed while it is sent may be stored mixed. Reading it tells, in Chromium and WebKit by the file's date. Their
 * errors do not tell what was changed from what is gone. A file that cannot be read in parts, as in apps, is taken as it
 * is.
 *
 * @param {Job} job
 * @param {number} [status]  of the answer, once the file is stored
 * @param {Blob} [blob]  what is read: the first byte will do. A file of an app is without its methods
 * @returns {Promise<string | null>} its CRC64; null if it cannot be read here, or takes too long
 * @throws {UploadError} `unreadable` when the file has changed or is gone
 */
export async function assertReadable(job, status = 0, blob = job.file.slice?.(0, 1)) {
  try {
    return await withTimeLimit(job, READ_MS, (signal, touch) => checksumOf(job, blob, signal, touch));
  } catch (caught) {
    const { code, message } = toUploadError(caught, job.signal);
    if (code === 'unreadable') throw new UploadError(code, message, { status });
    return null;
  }
}
