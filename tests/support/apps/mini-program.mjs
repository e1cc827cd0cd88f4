/**
 * Stand-ins for `wx` and `uni`, as their documents say: every status is a success, the answer to an upload is text, what
 * is not documented is refused, and a domain must be listed. Sources: wx.request, wx.uploadFile and "网络" at
 * developers.weixin.qq.com; uni.request and uni.uploadFile at uniapp.dcloud.net.cn, and for App uni-app's
 * uni-app-plus/src/service/api/network/uploadFile.ts.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { formOf, send } from './multipart-request.mjs';

const CALLBACKS = { success: 'function', fail: 'function', complete: 'function' };
const DOCUMENTED = {
  request: {
    url: 'string',
    data: 'string',
    header: 'object',
    timeout: 'number',
    method: 'string',
    dataType: 'string',
    responseType: 'string',
    ...CALLBACKS,
  },
  uploadFile: {
    url: 'string',
    filePath: 'string',
    name: 'string',
    header: 'object',
    formData: 'object',
    timeout: 'number',
    ...CALLBACKS,
  },
};
const DEFAULT_TIMEOUT_MS = 60_000;

/**
 * @typedef {Object} Conditions
 * @property {{request: string[], uploadFile: string[]} | null} [domains]  the origins that are listed; null: all
 * @property {{api: string, errMsg: string} | null} [lost]  whose answer is lost once, and how the platform says so
 * @property {boolean} [progress]  whether the platform reports any
 * @property {(bytes: number) => void} [sent]  called as the file is sent
 */

/**
 * @param {Conditions} conditions
 * @param {object[]} calls  gets each call
 */
export function miniProgram(
  { domains = null, lost = null, progress: reports = true, sent = () => {} },
  calls,
) {
  let left = lost ? 1 : 0;

  /** Runs one call; the callbacks come later, as the platform's do. */
  function call(api, options, request) {
    checkOptions(api, options);
    const { url, success = () => {}, fail = () => {}, timeout = DEFAULT_TIMEOUT_MS } = options;
    const { dataType, header = {} } = options;
    const told = { api, url, timeout, dataType, header, aborted: false };
    calls.push(told);
    const listeners = { headers: [], progress: [] };
    let end = () => {};
    let isOver = false;
    const finish = (report) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      report();
    };
    const failed = (message) => finish(() => fail({ errMsg: `${api}:fail ${message}` }));
    const timer = setTimeout(() => failed('timeout'), timeout);
    setImmediate(() => {
      if (isOver) return;
      if (domains && !domains[api].includes(new URL(url).origin)) return failed('url not in domain list');
      try {
        end = send(request(), {
          sent: (totalBytesSent, totalBytesExpectedToSend) => {
            const progress = Math.floor((100 * totalBytesSent) / totalBytesExpectedToSend);
            for (const listener of reports ? listeners.progress : [])
              listener({ progress, totalBytesSent, totalBytesExpectedToSend });
            if (api === 'uploadFile') sent(totalBytesSent);
          },
          answered: ({ status, headers, text }) => {
            if (left && lost.api === api) {
              left -= 1;
              return finish(() => fail({ errMsg: lost.errMsg }));
            }
            for (const listener of listeners.headers) listener({ header: headers });
            const isUpload = api === 'uploadFile';
            const data = isUpload || options.dataType !== 'json' ? text : JSON.parse(text);
            const more = isUpload ? {} : { header: headers, cookies: [] };
            finish(() => success({ data, statusCode: status, errMsg: `${api}:ok`, ...more }));
          },
          failed,
        });
      } catch (error) {
        if (error.code !== 'ENOENT') throw error;
        failed(`no such file or directory, open "${options.filePath}"`);
      }
    });
    return {
      abort: () => {
        told.aborted = true;
        end();
        failed('abort');
      },
      onHeadersReceived: (listener) => listeners.headers.push(listener),
      onProgressUpdate: (listener) => listeners.progress.push(listener),
    };
  }

  return {
    request: (options) =>
      call('request', options, () => ({
        url: options.url,
        method: options.method ?? 'GET',
        headers: { 'content-type': 'application/json', ...options.header },
        body: Buffer.from(options.data ?? ''),
      })),
    uploadFile: (options) =>
      call('uploadFile', options, () => {
        const { url, filePath, name, formData = {}, header } = options;
        const fields = Object.entries(formData).map(([field, value]) => ({
          headers: { 'Content-Disposition': `form-data; name="${field}"` },
          content: String(value),
        }));
        const disposition = `form-data; name="${name}"; filename="${basename(filePath)}"`;
        const file = {
          headers: { 'Content-Disposition': disposition, 'Content-Type': 'image/jpeg' }, // by the ending of its path
          content: readFileSync(filePath),
        };
        const { type, body } = formOf([...fields, file]);
        return { url, method: 'POST', headers: { ...header, 'Content-Type': type }, body };
      }),
  };
}

/** @throws {TypeError} where an option is not documented, or has another type */
function checkOptions(api, options) {
  for (const [name, value] of Object.entries(options))
    if (typeof value !== DOCUMENTED[api][name])
      throw new TypeError(`${api}: ${name} is ${typeof value}, and should be ${DOCUMENTED[api][name]}`);
  for (const name of Object.keys(options.header ?? {}))
    if (name.toLowerCase() === 'referer') throw new TypeError(`${api}: Referer cannot be set`);
  for (const [name, value] of Object.entries(options.formData ?? {}))
    if (typeof value !== 'string') throw new TypeError(`${api}: ${name} of formData is ${typeof value}`);
}
