/**
 * The network of mini programs: `wx`, and `uni`, which took over its interface. Sources: the documents of wx.request,
 * wx.uploadFile and "网络" at developers.weixin.qq.com, and of uni.request and uni.uploadFile at uniapp.dcloud.net.cn.
 */
import { NetworkFault, UploadError } from './apps.js';

/** @import { Answer, Headers, Transport } from '../lib/upload.js' */
/** @import { AppFile } from './apps.js' */

/**
 * @typedef {{statusCode: number | string, data: unknown, header?: Headers}} Success  Of every status: 203 and 403 too.
 *
 * @typedef {Object} Task
 * @property {() => void} abort
 * @property {(listener: (result: {header: Headers}) => void) => void} [onHeadersReceived]
 * @property {(listener: (progress: {totalBytesSent: number, totalBytesExpectedToSend: number}) => void) => void
 *   } [onProgressUpdate]
 *
 * @typedef {{success: (result: Success) => void, fail: (result: {errMsg: string}) => void}} Callbacks
 *
 * @typedef {Object} Network  What is used of `wx` and `uni`.
 * @property {(options: any) => Task} request
 * @property {(options: any) => Task} uploadFile
 */

const REQUEST_MS = 60_000; // the library's own limits end before
const UPLOAD_MS = 3_600_000; // as long as a form lives at most; the default would be a minute for all bytes

/**
 * @param {Network} network
 * @returns {Transport}
 */
export function miniProgramTransport(network) {
  return {
    postJson: (url, body, headers, signal) => {
      const header = { ...headers, 'content-type': 'application/json' };
      const options = { url, method: 'POST', header, data: JSON.stringify(body), dataType: 'text' };
      return answerTo(url, signal, (callbacks) =>
        network.request({ ...options, timeout: REQUEST_MS, ...callbacks }),
      );
    },
    postForm: (url, formData, file, onProgress, signal) => {
      const { path: filePath, size } = /** @type {AppFile & File} */ (file);
      onProgress(0, size + 1); // nobody tells when bytes leave: from here on the file may be stored
      return answerTo(url, signal, (callbacks) => {
        const options = { url, filePath, name: 'file', formData, timeout: UPLOAD_MS };
        const task = network.uploadFile({ ...options, ...callbacks });
        task?.onProgressUpdate?.(({ totalBytesSent, totalBytesExpectedToSend }) =>
          onProgress(totalBytesSent, totalBytesExpectedToSend),
        );
        return task;
      });
    },
    putPart: () => Promise.reject(new NetworkFault('Apps send files whole.')),
  };
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 * @param {(callbacks: Callbacks) => Task | undefined} start
 * @returns {Promise<Answer>}
 */
function answerTo(url, signal, start) {
  return new Promise((resolve, reject) => {
    /** @type {Headers} */
    let received = {};
    const task = start({
      success: ({ statusCode, data, header = received }) =>
        resolve({
          status: Number(statusCode),
          headers: Object.fromEntries(
            Object.entries(header).map(([name, value]) => [name.toLowerCase(), value]),
          ),
          body: typeof data === 'string' ? data : JSON.stringify(data),
        }),
      fail: ({ errMsg }) => reject(faultOf(errMsg, url)),
    });
    task?.onHeadersReceived?.(({ header }) => (received = header));
    signal.addEventListener('abort', () => {
      task?.abort();
      reject(signal.reason);
    });
  });
}

/**
 * Words are all that tells. What is not known to have failed before the first byte may have left.
 *
 * @param {string} errMsg  such as `uploadFile:fail timeout`
 * @param {string} url
 */
function faultOf(errMsg, url) {
  if (/not in domain list/i.test(errMsg)) {
    const [origin] = /^https?:\/\/[^/]*/.exec(url) ?? [url];
    const list = errMsg.replace(/:.*/s, '');
    return new UploadError(
      'domain_not_listed',
      `${errMsg}: list ${origin} for ${list} in the mini program's console.`,
    );
  }
  if (/no such file|not found|not exist/i.test(errMsg)) return new UploadError('unreadable', errMsg);
  return new NetworkFault(errMsg, true);
}
