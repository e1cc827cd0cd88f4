/**
 * React: `useOssUpload` is a hook that keeps a list of uploads, `OssDropZone` a component that shows one.
 *
 * Copy this file and upload.js into one folder of your application, and change what you like.
 */
import { useEffect, useRef, useState } from 'react';
import { UploadControl, uploadFile } from './upload.js';

/** @import { Options, Result, UploadError, UploadState } from './upload.js' */

/**
 * @typedef {Omit<Options, 'signal' | 'control' | 'onState' | 'unconfirmed'> & {
 *   onDone?: (result: Result, file: File) => void,
 *   onFailed?: (error: UploadError, file: File) => void,
 * }} HookOptions  What `uploadFile` takes, but for what the hook gives it. Uploads take the options of the newest render
 *   when they begin. `onFailed` is not called for what was cancelled.
 *
 * @typedef {Object} Upload
 * @property {number} id
 * @property {File} file
 * @property {UploadState['state']} state
 * @property {number} loaded  bytes of the file that were sent
 * @property {Result | null} result  the callback's answer, once done
 * @property {UploadError | null} error  once failed; its code is `aborted` if the upload was cancelled
 *
 * @typedef {{abort: AbortController, control: UploadControl}} Running
 */

/** @param {HookOptions} options */
export function useOssUpload(options) {
  const [uploads, setUploads] = useState(/** @type {Upload[]} */ ([]));
  const newest = useRef(options);
  const [running] = useState(() => /** @type {Map<number, Running>} */ (new Map()));
  const count = useRef(0);

  useEffect(() => {
    newest.current = options;
  });
  useEffect(() => () => running.forEach(({ abort }) => abort.abort()), [running]); // the component is gone

  /** @param {number} id @param {Partial<Upload>} part */
  const change = (id, part) =>
    setUploads((all) => all.map((one) => (one.id === id ? { ...one, ...part } : one)));

  /** @param {Upload} upload */
  const send = ({ id, file, error }) => {
    if (running.has(id)) return;
    const [abort, control] = [new AbortController(), new UploadControl()];
    running.set(id, { abort, control });
    uploadFile(file, {
      ...newest.current,
      signal: abort.signal,
      control,
      unconfirmed: error?.unconfirmed ?? null, // asks first whether the file has arrived
      onState: (now) => {
        if (now.state === 'done' || now.state === 'failed') return; // below, with the result or the error
        change(id, { state: now.state, error: null, ...('loaded' in now && { loaded: now.loaded }) });
      },
    }).then(
      (result) => {
        running.delete(id);
        change(id, { state: 'done', loaded: file.size, result });
        newest.current.onDone?.(result, file);
      },
      (/** @type {UploadError} */ failure) => {
        running.delete(id);
        change(id, { state: 'failed', error: failure });
        if (failure.code !== 'aborted') newest.current.onFailed?.(failure, file);
      },
    );
  };

  /** @param {Upload} upload */
  const cancel = ({ id }) => running.get(id)?.abort.abort();

  return {
    uploads,
    /** @param {Iterable<File>} files  a FileList is one */
    add(files) {
      const added = Array.from(files, (file) => {
        count.current += 1;
        return {
          id: count.current,
          file,
          state: /** @type {const} */ ('signing'),
          loaded: 0,
          result: null,
          error: null,
        };
      });
      setUploads((all) => [...all, ...added]);
      added.forEach(send); // not in the line above: React may call its function twice
    },
    /** @param {Upload} upload  that has failed */
    retry: send,
    /** @param {Upload} upload */
    pause: ({ id }) => running.get(id)?.control.pause(),
    /** @param {Upload} upload */
    resume: ({ id }) => running.get(id)?.control.resume(),
    cancel,
    /** @param {Upload} upload  is cancelled first if it has not ended */
    remove(upload) {
      cancel(upload);
      setUploads((all) => all.filter(({ id }) => id !== upload.id));
    },
  };
}

export const en = {
  choose: 'Choose files',
  drop: 'or drop them here',
  states: {
    signing: 'Waiting…',
    sending: 'Sending…',
    paused: 'Paused',
    checking: 'Checking…',
    confirming: 'Confirming…',
    done: 'Done',
    failed: 'Failed',
  },
  pause: 'Pause',
  resume: 'Continue',
  retry: 'Try again',
  cancel: 'Cancel',
  remove: 'Remove',
  about: (/** @type {string} */ action, /** @type {string} */ name) => `${action}: ${name}`,
  errors: /** @type {Record<string, string>} */ ({
    aborted: 'Cancelled',
    network: 'The connection failed. Check your network, then try again.',
    not_confirmed:
      'Sent, but not confirmed yet. Try again in a moment: the file is sent again only if it is missing.',
    too_large: 'The file is too large.',
    type_not_allowed: 'Files of this type are not accepted.',
    token_missing: 'You are not signed in.',
    token_expired: 'Your sign-in has ended. Sign in again.',
    unreadable: 'The file has changed or is gone. Choose it again.',
    unavailable: 'The upload service is busy. Try again in a moment.',
  }),
  otherError: (/** @type {string} */ code) => `The upload failed (${code}).`,
};

/** @type {typeof en} */
export const zh = {
  choose: '选择文件',
  drop: '或将文件拖放到这里',
  states: {
    signing: '等待上传…',
    sending: '正在上传…',
    paused: '已暂停',
    checking: '正在校验…',
    confirming: '正在确认…',
    done: '已完成',
    failed: '上传失败',
  },
  pause: '暂停',
  resume: '继续',
  retry: '重试',
  cancel: '取消',
  remove: '移除',
  about: (action, name) => `${action}：${name}`,
  errors: {
    aborted: '已取消',
    network: '网络连接失败，请检查网络后重试。',
    not_confirmed: '文件已发出，尚未确认。请稍后重试；只有在确定没有存储时才会重新发送。',
    too_large: '文件过大。',
    type_not_allowed: '不接受这种类型的文件。',
    token_missing: '您尚未登录。',
    token_expired: '登录已过期，请重新登录。',
    unreadable: '文件已被修改、移动或删除，请重新选择。',
    unavailable: '上传服务繁忙，请稍后重试。',
  },
  otherError: (code) => `上传失败（${code}）。`,
};

const STYLES = /** @type {const} */ ({
  zone: { padding: '1.5rem', border: '2px dashed GrayText', borderRadius: 8, textAlign: 'center' },
  over: { borderColor: 'Highlight' },
  list: { padding: 0, listStyle: 'none' },
  row: { display: 'flex', flexWrap: 'wrap', gap: '0.5rem', alignItems: 'center', padding: '0.5rem 0' },
  name: { flex: '1 1 12rem', overflowWrap: 'anywhere' },
  heard: { position: 'absolute', width: 1, height: 1, overflow: 'hidden', clipPath: 'inset(50%)' },
});

/** @param {HookOptions & {texts?: typeof en, accept?: string, multiple?: boolean}} props */
export function OssDropZone({ texts = en, accept, multiple = true, ...options }) {
  const [news, setNews] = useState(''); // what screen readers say
  const [isOver, setIsOver] = useState(false);
  const button = useRef(/** @type {HTMLButtonElement | null} */ (null));
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));

  /** @param {UploadError | null} error */
  const sentence = (error) => error && (texts.errors[error.code] ?? texts.otherError(error.code));
  const { uploads, add, retry, pause, resume, cancel, remove } = useOssUpload({
    ...options,
    onDone(result, file) {
      setNews(texts.about(file.name, texts.states.done));
      options.onDone?.(result, file);
    },
    onFailed(error, file) {
      setNews(texts.about(file.name, sentence(error) ?? ''));
      options.onFailed?.(error, file);
    },
  });

  return (
    <div>
      <div
        style={isOver ? { ...STYLES.zone, ...STYLES.over } : STYLES.zone}
        onDragOver={(event) => {
          event.preventDefault(); // else the browser opens the file
          setIsOver(true);
        }}
        onDragLeave={() => setIsOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setIsOver(false);
          add([...event.dataTransfer.files].slice(0, multiple ? undefined : 1));
        }}
      >
        <button type="button" ref={button} onClick={() => input.current?.click()}>
          {texts.choose}
        </button>{' '}
        {texts.drop}
        <input
          type="file"
          hidden
          ref={input}
          accept={accept}
          multiple={multiple}
          onChange={({ target }) => {
            add(target.files ?? []);
            target.value = ''; // so that the same file can be chosen again
          }}
        />
      </div>
      <ul style={STYLES.list}>
        {uploads.map((upload) => {
          const { id, file, state, loaded, result, error } = upload;
          const named = (/** @type {string} */ action) => ({
            'aria-label': texts.about(action, file.name),
            children: action,
          });
          const isBusy = state !== 'done' && state !== 'failed';
          return (
            <li key={id} data-state={state} style={STYLES.row}>
              <span style={STYLES.name}>
                {typeof result?.url === 'string' ? <a href={result.url}>{file.name}</a> : file.name}
              </span>
              {isBusy && <progress aria-label={file.name} value={loaded} max={file.size || 1} />}
              <span>{sentence(error) ?? texts.states[state]}</span>
              {error?.retryable ? (
                <button type="button" {...named(texts.retry)} onClick={() => retry(upload)} />
              ) : state === 'paused' ? (
                <button type="button" {...named(texts.resume)} onClick={() => resume(upload)} />
              ) : (
                isBusy && <button type="button" {...named(texts.pause)} onClick={() => pause(upload)} />
              )}
              {isBusy ? (
                <button type="button" {...named(texts.cancel)} onClick={() => cancel(upload)} />
              ) : (
                <button
                  type="button"
                  {...named(texts.remove)}
                  onClick={() => {
                    remove(upload);
                    button.current?.focus(); // the focus was on what is gone
                  }}
                />
              )}
            </li>
          );
        })}
      </ul>
      <div role="status" style={STYLES.heard}>
        {news}
      </div>
    </div>
  );
}
