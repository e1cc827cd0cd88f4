/**
 * Element Plus: `useOssRequest` makes the `http-request` of an el-upload whose files go straight to OSS.
 *
 * Copy this file and upload.js into one folder of your application, and change what you like.
 */
import { onScopeDispose } from 'vue';
import { uploadFile } from './upload.js';

/** @import { UploadRequestHandler } from 'element-plus' */
/** @import { Options, UploadError } from './upload.js' */

/** @typedef {Record<string, string>} Texts  A sentence for a code. */

/** @type {Texts} */
export const en = {
  network: 'The connection failed. Check your network, then try again.',
  not_confirmed: 'The file was sent, but it is not known yet whether it has arrived.',
  too_large: 'The file is too large.',
  type_not_allowed: 'Files of this type are not accepted.',
  token_missing: 'You are not signed in.',
  token_expired: 'Your sign-in has ended. Sign in again.',
  unreadable: 'The file has changed or is gone. Choose it again.',
  unavailable: 'The upload service is busy. Try again in a moment.',
};

/** @type {Texts} */
export const zh = {
  network: '网络连接失败，请检查网络后重试。',
  not_confirmed: '文件已发出，尚未确认是否到达。',
  too_large: '文件过大。',
  type_not_allowed: '不接受这种类型的文件。',
  token_missing: '您尚未登录。',
  token_expired: '登录已过期，请重新登录。',
  unreadable: '文件已被修改、移动或删除，请重新选择。',
  unavailable: '上传服务繁忙，请稍后重试。',
};

/**
 * Call it in `setup`: what is under way ends with the component. `data` of the el-upload goes to the token function as the
 * file's `data`. An upload that fails with `code` is an error of `on-error` with that `code`, and a message from `texts`.
 *
 * @param {Omit<Options, 'signal' | 'control' | 'onState'> & {texts?: Texts}} options
 * @returns {UploadRequestHandler}
 */
export function useOssRequest({ texts = en, ...options }) {
  /** @type {Set<AbortController>} */
  const running = new Set();
  onScopeDispose(() => running.forEach((abort) => abort.abort()));

  return ({ file, data, onProgress, onSuccess, onError }) => {
    const abort = new AbortController();
    running.add(abort);
    uploadFile(file, {
      ...(data && { data: /** @type {Record<string, string>} */ (data) }),
      ...options,
      signal: abort.signal,
      onState: (now) => {
        if (now.state !== 'sending') return;
        const { loaded, total } = now;
        const percent = (100 * loaded) / (total || 1);
        onProgress(Object.assign(new ProgressEvent('progress', { loaded, total }), { percent }));
      },
    }).then(
      (result) => {
        running.delete(abort);
        onSuccess(result);
      },
      (/** @type {UploadError} */ error) => {
        running.delete(abort);
        error.message = texts[error.code] ?? error.message;
        if (!abort.signal.aborted) onError(/** @type {any} */ (error));
      },
    );
    // when a file is removed, Element Plus ends what is an XMLHttpRequest, and nothing else; this one is never sent
    return Object.assign(new XMLHttpRequest(), { abort: () => abort.abort() });
  };
}
