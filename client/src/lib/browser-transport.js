/**
 * The network of a browser, as the protocol uses it.
 */
import { NetworkFault } from './errors.js';
import { unlessAborted } from './timing.js';

/** @import { Answer, Transport } from './protocol.js' */

/**
 * XMLHttpRequest sends the file, because fetch does not report how many bytes were sent. A request without headers of
 * ours goes out as text/plain, for which a browser needs no preflight.
 *
 * @type {Transport}
 */
export const browserTransport = {
  postJson: async (url, body, headers, signal, keepalive = false) => {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          ...headers,
          ...(Object.keys(headers).length > 0 && { 'Content-Type': 'application/json' }),
        },
        body: JSON.stringify(body),
        keepalive,
        signal,
        credentials: 'omit',
        cache: 'no-store',
        redirect: 'error', // a redirect would carry the caller's headers to another address
      });
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: await response.text(),
      };
    } catch (error) {
      signal.throwIfAborted();
      throw new NetworkFault(String(error));
    }
  },
  postForm: (url, fields, file, onProgress, signal) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    const content = isWebKit() ? new Blob([file]) : file; // its type is in the fields
    form.append('file', content, 'file'); // the grant has the real name, so that OSS's form parser need not read it
    return send('POST', url, form, onProgress, signal);
  },
  putPart: async (url, part, onProgress, signal) =>
    send('PUT', url, isWebKit() ? await part.arrayBuffer() : part, onProgress, signal),
};

/**
 * Safari 26 loses files that requests read. Of a form with a chosen file it sends nothing (WebKit's bugs 312846 and 316262):
 * a `Blob` around the file, which has no path, goes out. A part of a file it sends, but never tells the answer: its bytes
 * are read before. Not in other engines, where both take longer, bytes in Chromium twelve times as long.
 */
const isWebKit = () => /AppleWebKit(?!.*Chrom)/.test(globalThis.navigator?.userAgent ?? '');

/**
 * @param {string} method
 * @param {string} url
 * @param {FormData | Blob | ArrayBuffer} body
 * @param {(loaded: number, total: number) => void} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<Answer>}
 */
function send(method, url, body, onProgress, signal) {
  return unlessAborted(signal, (resolve, over, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.upload.onprogress = xhr.upload.onload = ({ loaded, total }) => onProgress(loaded, total);
    xhr.onload = () =>
      resolve({
        status: xhr.status,
        headers: Object.fromEntries(
          // `name: value`, with names in lower case (XMLHttpRequest Standard)
          xhr
            .getAllResponseHeaders()
            .trim()
            .split('\r\n')
            .map((line) => line.split(/: (.*)/)),
        ),
        body: xhr.responseText,
      });
    xhr.onerror = () => reject(new NetworkFault('The connection failed.'));
    over.addEventListener('abort', () => xhr.abort());
    xhr.open(method, url); // without headers of ours: OSS's CORS rule would have to allow each of them
    xhr.send(body);
  });
}
