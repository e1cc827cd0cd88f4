/**
 * The network of a browser, as the protocol uses it.
 */
import { NetworkFault } from './errors.js';

/** @import { Answer, Headers, Transport } from './protocol.js' */

/** @type {Transport} XMLHttpRequest posts the file, because fetch does not report how many bytes were sent. */
export const browserTransport = {
  get: (url, headers, signal) => request(url, { headers, signal }),
  postJson: (url, body, headers, signal) =>
    request(url, {
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    }),
  postForm: (url, fields, file, onProgress, signal) =>
    new Promise((resolve, reject) => {
      const form = new FormData();
      for (const [name, value] of Object.entries(fields)) form.append(name, value);
      form.append('file', file, 'file'); // the grant has the real name, so that OSS's form parser need not read it
      const xhr = new XMLHttpRequest();
      let bodyLeft = false;
      xhr.upload.addEventListener('progress', ({ loaded, total }) => onProgress(loaded, total));
      xhr.upload.addEventListener('load', ({ loaded, total }) => {
        bodyLeft = true;
        onProgress(loaded, total);
      });
      xhr.addEventListener('load', () =>
        resolve({
          status: xhr.status,
          headers: headersIn(xhr.getAllResponseHeaders()),
          body: xhr.responseText,
        }),
      );
      xhr.addEventListener('error', () => reject(new NetworkFault('The connection failed.', bodyLeft)));
      signal.addEventListener(
        'abort',
        () => {
          xhr.abort();
          reject(signal.reason);
        },
        { once: true },
      );
      xhr.open('POST', url); // without headers of ours: OSS's CORS rule would have to allow each of them
      xhr.send(form);
    }),
};

/** @param {string} url @param {RequestInit & {signal: AbortSignal}} init @returns {Promise<Answer>} */
async function request(url, init) {
  try {
    const response = await fetch(url, {
      ...init,
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
    init.signal.throwIfAborted();
    throw new NetworkFault(String(error));
  }
}

/** @param {string} lines @returns {Headers} */
function headersIn(lines) {
  /** @type {Headers} */
  const headers = {};
  for (const [, name = '', value = ''] of lines.matchAll(/^([^:\r\n]+): *(.*?)\r?$/gm))
    headers[name.toLowerCase()] = value;
  return headers;
}
