/**
 * The network of React Native. Sources: Libraries/Network/XMLHttpRequest.js and FormData.js of react-native, and
 * NetworkingModule.java for the texts of errors.
 */
import { NetworkFault, UploadError } from './apps.js';

/** @import { Answer, Headers, Transport } from '../lib/upload.js' */
/** @import { AppFile } from './apps.js' */

const NO_FILE = /could not retrieve file|no such file/i; // Android, iOS

/** @type {Transport} */
export const reactNativeTransport = {
  postJson: (url, body, headers, signal) =>
    send('POST', url, { ...headers, 'Content-Type': 'application/json' }, JSON.stringify(body), signal),
  postForm: (url, fields, file, onProgress, signal) => {
    const { uri, size, type } = /** @type {AppFile & File} */ (file);
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    // Android refuses a file without a type; OSS takes the type of the fields
    const part = { uri, name: 'file', type: type || 'application/octet-stream' };
    form.append('file', /** @type {any} */ (part));
    onProgress(0, size + 1); // nobody tells when bytes leave: from here on the file may be stored
    return send('POST', url, {}, form, signal, onProgress); // the platform sets Content-Type, with the boundary
  },
  putPart: () => Promise.reject(new NetworkFault('Apps send files whole.')),
};

/**
 * @param {string} method
 * @param {string} url
 * @param {Headers} headers
 * @param {string | FormData | null} body
 * @param {AbortSignal} signal
 * @param {(loaded: number, total: number) => void} [onProgress]
 * @returns {Promise<Answer>}
 */
function send(method, url, headers, body, signal, onProgress) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    if (onProgress) xhr.upload.addEventListener('progress', ({ loaded, total }) => onProgress(loaded, total));
    xhr.addEventListener('load', () =>
      resolve({
        status: xhr.status,
        headers: Object.fromEntries(
          [...xhr.getAllResponseHeaders().matchAll(/^([^:\r\n]+): *(.*?)\r?$/gm)].map(([, name, value]) => [
            name,
            value,
          ]),
        ),
        body: xhr.responseText,
      }),
    );
    const fail = () => {
      const message = xhr.responseText || 'The connection failed.'; // there React Native has its error
      reject(
        NO_FILE.test(message) ? new UploadError('unreadable', message) : new NetworkFault(message, true),
      );
    };
    xhr.addEventListener('error', fail);
    xhr.addEventListener('timeout', fail);
    signal.addEventListener('abort', () => {
      xhr.abort();
      reject(signal.reason);
    });
    xhr.open(method, url);
    xhr.withCredentials = false; // true here, unless it is set: cookies of the app are nobody's business
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    xhr.send(body);
  });
}
