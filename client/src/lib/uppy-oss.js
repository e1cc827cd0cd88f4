/**
 * An Uppy 6 uploader: after `uppy.use(OssUpload, { tokenUrl })` Uppy's files go straight to OSS with upload.js.
 *
 * It emits the same events as Uppy's XHRUpload; `file.response.body` is the callback's answer.
 */
import { BasePlugin, EventManager } from '@uppy/core';
import {
  TaskQueue,
  filterFilesToEmitUploadStarted,
  filterFilesToUpload,
  getFileType,
} from '@uppy/core/utils';
import { UploadControl, UploadError, uploadFile } from './upload.js';

/** @import { Body, Meta, PluginOpts, Uppy, UppyFile } from '@uppy/core' */
/** @import { Environment, Grant, Headers, Memory, Options, UploadState } from './upload.js' */

/**
 * @template {Meta} M
 * @template {Body} B
 * @typedef {PluginOpts & Partial<Environment> & {
 *   tokenUrl: Options['tokenUrl'],
 *   headers?: Headers | ((file: UppyFile<M, B>, after: UploadError | null) => Headers | Promise<Headers>),
 *   memory?: Memory,
 *   grant?: (file: UppyFile<M, B>) => NonNullable<Options['grant']> | null,
 *   metaFields?: string[],
 *   profile?: string,
 *   limit?: number,
 *   onState?: (file: UppyFile<M, B>, state: UploadState) => void,
 * }} OssUploadOptions  `headers` are for the token function only; a function is called before each request for a
 *   grant, with the error of the try before. `memory` and `grant` as of `uploadFile`: what Golden Retriever brings
 *   back goes on where it was. `metaFields` are the names in a file's `meta` that are sent as its `data`, and `profile` as of
 *   `uploadFile`. `limit` is how many files are sent at the same time; 0 is no limit; one that is paused does not count.
 *   `onState` gets every state of every file, for a page that shows more than a percentage.
 */

const AT_ONCE = 3; // each must be sent before its grant expires, and they share one connection
/** @type {unknown[]} */
const NOTHING = [undefined, null];
const NO_LIMIT = 1000; // not Infinity: Uppy's queue counts up to it when it is set

/**
 * @template {Meta} M
 * @template {Body} B
 * @extends {BasePlugin<OssUploadOptions<M, B>, M, B>}
 */
export default class OssUpload extends BasePlugin {
  #queue;
  /** @type {WeakMap<Blob, Grant>} of failed uploads whose file may be stored: the next upload of it asks first */
  #unconfirmed = new WeakMap();

  /** @param {Uppy<M, B>} uppy @param {OssUploadOptions<M, B>} opts */
  constructor(uppy, opts) {
    super(uppy, { limit: AT_ONCE, ...opts });
    this.id = this.opts.id || 'OssUpload';
    this.type = 'uploader';
    this.#queue = new TaskQueue({ concurrency: this.opts.limit || NO_LIMIT });
  }

  /** @override */
  install() {
    this.uppy.addUploader(this.#upload);
    this.#offerPause(true);
  }

  /** @override */
  uninstall() {
    this.uppy.removeUploader(this.#upload);
    this.#offerPause(false);
  }

  /** @param {boolean} resumableUploads  whether Uppy offers to pause */
  #offerPause(resumableUploads) {
    this.uppy.setState({ capabilities: { ...this.uppy.getState().capabilities, resumableUploads } });
  }

  /** @override @param {Partial<OssUploadOptions<M, B>>} opts */
  setOptions(opts) {
    super.setOptions(opts);
    this.#queue.concurrency = this.opts.limit || NO_LIMIT;
  }

  /** @param {string[]} fileIds */
  #upload = async (fileIds) => {
    const files = filterFilesToUpload(this.uppy.getFilesByIds(fileIds));
    this.uppy.emit('upload-start', filterFilesToEmitUploadStarted(files));
    await Promise.all(files.map((file) => this.#sendInTurn(file)));
  };

  /**
   * Resolves when the file's upload has ended, with or without success; removing the file cancels it. While it is paused,
   * its turn is another file's.
   *
   * @param {UppyFile<M, B>} file
   */
  async #sendInTurn(file) {
    const events = new EventManager(this.uppy);
    const control = new UploadControl();
    const cancel = new AbortController();
    await new Promise((end) => {
      /** @type {Promise<void> | null} */
      let sending = null;
      /** @type {ReturnType<TaskQueue['add']> | null} */
      let turn = null;
      let leave = () => {};
      const begin = () => {
        if (turn) return;
        turn = this.#queue.add(async (signal) => {
          await null; // `turn` is set
          if (signal.aborted) return;
          const left = new Promise((resolve) => {
            leave = () => resolve(null);
          });
          control.resume();
          sending ??= this.#send(file, cancel.signal, control)
            .catch((error) => this.uppy.log(error, 'error')) // thrown by a listener
            .finally(() => end(null));
          await Promise.race([sending, left]);
        });
        turn.catch(() => {}); // paused in its turn, or before
      };
      const pause = () => {
        control.pause();
        turn?.abort();
        turn = null;
        leave();
      };
      events.onPause(file.id, (isPaused) => (isPaused ? pause() : begin()));
      events.onPauseAll(file.id, pause);
      events.onResumeAll(file.id, begin);
      events.onFileRemove(file.id, () => {
        cancel.abort();
        pause();
        if (!sending) end(null);
      });
      if (!file.isPaused) begin(); // Golden Retriever brings paused files back
    });
    events.remove();
  }

  /** @param {UppyFile<M, B>} file @param {AbortSignal} signal @param {UploadControl} control */
  async #send(file, signal, control) {
    const { data } = file;
    if (!(data instanceof Blob)) return this.#failWithoutContent(file);
    const { headers = {}, grant, metaFields = [], onState, ...options } = this.opts;
    const known = metaFields.filter((name) => !NOTHING.includes(file.meta[name]));
    const meta = known.map((name) => [name, String(file.meta[name])]);
    const named = fileOf(file, data);
    let body;
    try {
      body = await uploadFile(named, {
        ...options,
        ...(meta.length > 0 && { data: Object.fromEntries(meta) }),
        headers: typeof headers === 'function' ? (_, after) => headers(file, after) : headers,
        signal,
        control,
        ...(grant && { grant: grant(file) }),
        unconfirmed: this.#unconfirmed.get(data) ?? null,
        onState: (state) => {
          this.#progress(file, state);
          onState?.(file, state);
        },
      });
    } catch (caught) {
      const error = /** @type {UploadError} */ (caught);
      if (error.unconfirmed) this.#unconfirmed.set(data, error.unconfirmed);
      else this.#unconfirmed.delete(data);
      if (!signal.aborted) this.#fail(file, error);
      return;
    }
    this.#unconfirmed.delete(data);
    const { url } = body;
    const isWeb = typeof url === 'string' && /^https?:/i.test(url); // Uppy makes a link of it: no javascript:
    const response = { status: 200, body: /** @type {any} */ (body), ...(isWeb && { uploadURL: url }) };
    this.uppy.emit('upload-success', this.uppy.getFile(file.id), response);
  }

  /** @param {UppyFile<M, B>} file  from Companion, or recovered by Uppy without its content */
  #failWithoutContent(file) {
    const error = new UploadError(
      'not_local',
      `${file.name} is not on this machine, so it cannot be sent from here.`,
    );
    const { code, status, retryable, requestId } = error;
    this.opts.onState?.(file, { state: 'failed', code, status, retryable, requestId });
    this.#fail(file, error);
  }

  /** @param {UppyFile<M, B>} file @param {UploadError} error */
  #fail({ id }, error) {
    this.uppy.emit('upload-error', this.uppy.getFile(id), error, { status: error.status });
  }

  /** @param {UppyFile<M, B>} file @param {UploadState} state */
  #progress({ id }, state) {
    const file = this.uppy.getFile(id);
    if (!file || !('loaded' in state)) return;
    const progress = {
      ...file.progress,
      uploadStarted: file.progress.uploadStarted ?? Date.now(),
      bytesUploaded: state.loaded,
      bytesTotal: state.total,
    };
    // the upload, or a part, starts over; Uppy ignores progress of a file that had reached 100 %
    if (state.loaded === 0 || (file.progress.percentage === 100 && state.loaded < state.total))
      this.uppy.setFileState(id, { progress: { ...progress, percentage: 0 } });
    this.uppy.emit('upload-progress', file, progress);
  }
}

/**
 * @param {UppyFile<any, any>} file
 * @param {Blob} data
 * @returns {File} `data` itself where it can be: Chromium reads a file made of another several times as slowly
 */
function fileOf(file, data) {
  const { name, lastModified = 0 } = /** @type {Partial<File>} */ (data);
  const type = givenType(file, data);
  const isItself = data instanceof File && name === file.meta.name && data.type === type;
  return isItself ? data : new File([data], file.meta.name, { type, lastModified });
}

/**
 * @param {UppyFile<any, any>} file
 * @param {Blob} data
 * @returns {string} empty where Uppy guessed because the browser knows no type: the token function guesses better
 */
function givenType(file, data) {
  const type = file.meta.type ?? file.type;
  return !data.type && type === getFileType({ name: file.name }) ? '' : type;
}
