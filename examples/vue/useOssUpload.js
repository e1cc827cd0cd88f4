/**
 * Vue 3.3 or later: `useOssUpload` is a composable that keeps a list of uploads.
 *
 * Copy this file and upload.js into one folder of your application, and change what you like.
 */
import { onScopeDispose, shallowReactive, toValue } from 'vue';
import { UploadControl, uploadFile } from './upload.js';

/** @import { MaybeRefOrGetter } from 'vue' */
/** @import { Options, Result, UploadError, UploadState } from './upload.js' */

/**
 * @typedef {Omit<Options, 'signal' | 'control' | 'onState' | 'unconfirmed'> & {
 *   onDone?: (result: Result, file: File) => void,
 *   onFailed?: (error: UploadError, file: File) => void,
 * }} ComposableOptions  What `uploadFile` takes, but for what the composable gives it. `onFailed` is not called for what
 *   was cancelled.
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

/**
 * Call it in `setup`: what is under way ends with the component.
 *
 * @param {MaybeRefOrGetter<ComposableOptions>} options  read when an upload begins
 */
export function useOssUpload(options) {
  const uploads = shallowReactive(/** @type {Upload[]} */ ([]));
  /** @type {Map<Upload, Running>} */
  const running = new Map();
  let count = 0;

  onScopeDispose(() => running.forEach(({ abort }) => abort.abort()));

  /** @param {Upload} upload */
  function send(upload) {
    if (running.has(upload)) return;
    const { file, error } = upload;
    const given = toValue(options);
    const [abort, control] = [new AbortController(), new UploadControl()];
    running.set(upload, { abort, control });
    uploadFile(file, {
      ...given,
      signal: abort.signal,
      control,
      unconfirmed: error?.unconfirmed ?? null, // asks first whether the file has arrived
      onState: (now) => {
        if (now.state === 'done' || now.state === 'failed') return; // below, with the result or the error
        Object.assign(upload, { state: now.state, error: null });
        if ('loaded' in now) upload.loaded = now.loaded;
      },
    }).then(
      (result) => {
        running.delete(upload);
        Object.assign(upload, { state: 'done', loaded: file.size, result });
        given.onDone?.(result, file);
      },
      (/** @type {UploadError} */ failure) => {
        running.delete(upload);
        Object.assign(upload, { state: 'failed', error: failure });
        if (failure.code !== 'aborted') given.onFailed?.(failure, file);
      },
    );
  }

  /** @param {Upload} upload */
  const cancel = (upload) => running.get(upload)?.abort.abort();

  return {
    uploads,
    /** @param {Iterable<File>} files  a FileList is one */
    add(files) {
      for (const file of files) {
        count += 1;
        /** @type {Upload} */
        const upload = shallowReactive({
          id: count,
          file,
          state: 'signing',
          loaded: 0,
          result: null,
          error: null,
        });
        uploads.push(upload);
        send(upload);
      }
    },
    /** @param {Upload} upload  that has failed */
    retry: send,
    /** @param {Upload} upload */
    pause: (upload) => running.get(upload)?.control.pause(),
    /** @param {Upload} upload */
    resume: (upload) => running.get(upload)?.control.resume(),
    cancel,
    /** @param {Upload} upload  is cancelled first if it has not ended */
    remove(upload) {
      cancel(upload);
      const place = uploads.indexOf(upload);
      if (place >= 0) uploads.splice(place, 1);
    },
  };
}
