/**
 * Ant Design: `OssUpload` is an Upload whose files go straight to OSS; `ossRequest` makes the `customRequest` of an
 * Upload of your own.
 *
 * Copy this file and upload.js into one folder of your application, and change what you like.
 */
import { Button, Upload } from 'antd';
import { uploadFile } from './upload.js';

/** @import { UploadProps } from 'antd' */
/** @import { Options, Result, UploadError } from './upload.js' */

/**
 * @typedef {Omit<Options, 'signal' | 'control' | 'onState'> & {texts?: Texts}} RequestOptions
 * @typedef {Record<string, string>} Texts  A sentence for a code, which Ant Design shows when the pointer is on the file.
 */

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
 * `data` of the Upload, an object or a function of the file, goes to the token function as the file's `data`.
 *
 * @param {RequestOptions} options
 * @returns {NonNullable<UploadProps<Result | string>['customRequest']>}
 */
export function ossRequest({ texts = en, ...options }) {
  return ({ file, data, onProgress, onSuccess, onError }) => {
    const abort = new AbortController();
    uploadFile(/** @type {File} */ (file), {
      ...(data && { data: /** @type {Record<string, string>} */ (data) }),
      ...options,
      signal: abort.signal,
      onState: (now) => {
        if (now.state === 'sending') onProgress?.({ percent: (100 * now.loaded) / (now.total || 1) });
      },
    }).then(
      (result) => onSuccess?.(result),
      (/** @type {UploadError} */ error) => {
        if (!abort.signal.aborted) onError?.(error, texts[error.code] ?? error.message);
      },
    );
    return { abort: () => abort.abort() }; // Ant Design calls it when the file is removed, or the component is gone
  };
}

/**
 * @param {Omit<UploadProps<Result | string>, 'headers' | 'customRequest'> & Pick<RequestOptions, 'tokenUrl' | 'headers' | 'texts'> & {
 *   profile?: string, drag?: boolean,
 * }} props  of `uploadFile`: `tokenUrl`, `headers`, `profile`; `drag`: files can be dropped; the others are those of Upload
 */
export default function OssUpload({ tokenUrl, headers, profile, texts, drag, children, ...props }) {
  const customRequest = ossRequest({
    tokenUrl,
    ...(headers && { headers }),
    ...(profile && { profile }),
    ...(texts && { texts }),
  });
  const given = { ...props, customRequest, children: children ?? <Button>Upload</Button> };
  return drag ? <Upload.Dragger {...given} /> : <Upload {...given} />;
}
