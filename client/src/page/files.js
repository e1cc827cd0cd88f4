/**
 * Which files Uppy accepts, when it sends one again, and how its events reach the list of uploads. No DOM.
 *
 * The page has two Uppies: one chooses files, in the Dashboard; `move` gives them to the other, which sends them, and
 * has a file only until it is done, failed or cancelled. So each file stands once on the page.
 */
import OssUpload from '../lib/uppy-oss.js';
import { extensionsOf, typeOfFile } from './media-types.js';
import { reasonToRefuse } from './settings.js';
import { canRetry, isBusy, isSameFile } from './uploads.js';

/** @import { Uppy, UppyFile } from '@uppy/core' */
/** @import { UploadError } from '../lib/upload.js' */
/** @import { OssUploadOptions } from '../lib/uppy-oss.js' */
/** @import { Limits } from './settings.js' */
/** @import { ChosenFile, Item, Uploads } from './uploads.js' */

/**
 * @typedef {{relativePath?: string, sizeBefore?: number}} PageMeta  `sizeBefore`: bytes, of an image that was made smaller
 * @typedef {Uppy<PageMeta, Record<string, unknown>>} PageUppy
 * @typedef {UppyFile<PageMeta, Record<string, unknown>>} PageFile
 */

const SMALL_BYTES = 1024 ** 2; // the network's round trips take most of the time of such a file
const SMALL_AT_ONCE = 6; // the connections that browsers open to one host
const LARGE_AT_ONCE = 3; // each must be sent before its grant expires, and they share one connection
const FOLDER_LITTER = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini']); // systems put these into folders

/**
 * @param {PageUppy} uppy  that sends
 * @param {Uploads} uploads  which follow Uppy's files from now on
 * @param {Omit<OssUploadOptions<PageMeta, Record<string, unknown>>, 'onState'>} options
 */
export function connect(uppy, uploads, options) {
  uppy.use(OssUpload, { ...options, onState: (file, state) => uploads.onState(file, state) });
  uppy.on('upload-start', (files) => files.forEach((file) => uploads.onStart(file)));
  uppy.on('upload-error', (file, error) => {
    if (!file) return;
    uploads.onError(file, /** @type {UploadError} */ (error));
    release(uppy, file.id);
  });
  uppy.on('upload-success', (file) => file && release(uppy, file.id));
  uppy.on('file-removed', (file) => uploads.onRemoved(file));
  uppy.on('upload-pause', (file, isPaused) => file && uploads.onPause(file, isPaused));
  uppy.on('pause-all', () => uploads.onPauseAll(true));
  uppy.on('resume-all', () => uploads.onPauseAll(false));
}

/**
 * @param {PageUppy} uppy
 * @param {Limits} limits  of the signed-in user
 * @param {Uploads} uploads
 * @param {Object} [chooser]  of the Uppy that chooses
 * @param {PageUppy} [chooser.sender]  has files that may not be chosen again meanwhile
 * @param {(file: {type: string, size: number | null}) => boolean} [chooser.mayShrink]  whether a file may get smaller
 *   before it is sent; then its size is judged later
 */
export function setLimits(uppy, limits, uploads, { sender, mayShrink = () => false } = {}) {
  uppy.setOptions({
    restrictions: {
      allowedFileTypes: limits.types.includes('*/*')
        ? null
        : [...limits.types, ...extensionsOf(limits.types)],
    },
    onBeforeFileAdded: (file, files) => {
      const isThere = Object.hasOwn(files, file.id) || Boolean(sender?.getFile(file.id));
      return mayBeAdded(file, isThere, limits, uploads, mayShrink);
    },
  });
}

/**
 * Sends files that were chosen.
 *
 * @param {PageUppy} chooser
 * @param {PageUppy} sender
 * @param {string[]} ids
 * @param {(chosen: string, sent: string) => void} onNewId  an image that was made smaller has another one
 */
export function move(chooser, sender, ids, onNewId) {
  for (const file of chooser.getFilesByIds(ids)) {
    const { id, preview } = file;
    const sent = addFile(sender, file);
    if (sent && sent !== id) onNewId(id, sent);
    if (!preview || !sent) continue;
    sender.setFileState(sent, { preview });
    chooser.setFileState(id, { preview: '' }); // or the picture would go with the file
  }
  chooser.removeFiles(ids);
  const areSmall = sender.getFiles().every(({ size }) => (size ?? 0) <= SMALL_BYTES);
  sender.getPlugin('OssUpload')?.setOptions({ limit: areSmall ? SMALL_AT_ONCE : LARGE_AT_ONCE });
  void sender.upload();
}

/**
 * @param {PageUppy} uppy
 * @param {Pick<ChosenFile, 'name' | 'data' | 'meta'>} file
 * @returns {string | null} its id; null if it was refused, which the list shows
 */
export function addFile(uppy, { name, data: chosen, meta: { relativePath, sizeBefore } }) {
  const data = /** @type {File} */ (chosen);
  const meta = { ...(relativePath && { relativePath }), ...(sizeBefore && { sizeBefore }) };
  try {
    return uppy.addFile({ source: 'page', name, type: data.type, data, meta });
  } catch (error) {
    uppy.log(String(error));
    return null;
  }
}

/** @param {PageUppy} uppy @param {Item} item  pauses it, or goes on with it */
export function togglePause(uppy, { file }) {
  if (uppy.getFile(file.id)) uppy.pauseResume(file.id);
}

/** @param {PageUppy} uppy @param {Uploads} uploads  pauses all, or goes on with all if they are paused */
export function togglePauseAll(uppy, { pausable }) {
  if (pausable.every(({ isPaused }) => isPaused)) uppy.resumeAll();
  else uppy.pauseAll();
}

/** @param {PageUppy} uppy @param {Uploads} uploads */
export function cancelAll(uppy, { items }) {
  uppy.removeFiles(items.filter(({ now }) => isBusy(now.state)).map(({ file }) => file.id));
}

/**
 * Goes on with what an earlier visit has left, if this is the file.
 *
 * @param {PageUppy} uppy
 * @param {Uploads} uploads
 * @param {Item} item
 * @param {File} file  that was chosen for it
 */
export function resume(uppy, uploads, item, file) {
  if (!item.unfinished) return;
  if (!isSameFile(item.unfinished.file, { name: file.name, size: file.size, data: file }))
    return uploads.onStillUnfinished(item, 'another_file');
  const isIt = (/** @type {PageFile} */ { name, size, data }) =>
    item.unfinished && isSameFile(item.unfinished.file, { name, size, data });
  if (!uppy.getFiles().some(isIt)) addFile(uppy, { name: file.name, data: file, meta: {} });
  const added = uppy.getFiles().find(isIt);
  if (added && !added.progress.uploadStarted) void uppy.retryUpload(added.id);
}

/** @param {PageUppy} uppy @param {Item} item  that failed; Uppy no longer has its file */
export function retry(uppy, item) {
  if (!canRetry(item)) return;
  const { file } = item;
  if (!uppy.getFile(file.id)) addFile(uppy, file);
  if (uppy.getFile(file.id)) void uppy.retryUpload(file.id);
}

/**
 * What has ended is in the list of uploads, with a button to try it again if it has failed. In Uppy a failed file would
 * keep new ones from being uploaded.
 *
 * @param {PageUppy} uppy
 * @param {string} id
 */
function release(uppy, id) {
  uppy.removeFile(id);
  uppy.setState({ error: null });
}

/**
 * @param {PageFile} chosen
 * @param {boolean} isThere  whether Uppy has it already
 * @param {Limits} limits
 * @param {Uploads} uploads  shows a refused file
 * @param {(file: PageFile) => boolean} mayShrink
 * @returns {PageFile | false} the file with the one name of its type
 */
function mayBeAdded(chosen, isThere, limits, uploads, mayShrink) {
  if (chosen.meta.relativePath && FOLDER_LITTER.has(chosen.name)) return false;
  const type = typeOfFile(/** @type {File} */ (chosen.data).type, chosen.name); // Uppy's is a guess where this is empty
  const file = { ...chosen, type, meta: { ...chosen.meta, type } };
  const reason = isThere
    ? 'duplicate'
    : uploads.mayBeStored(file)
      ? 'unconfirmed'
      : reasonToRefuse(mayShrink(file) ? { ...file, size: 0 } : file, limits);
  if (reason) uploads.onRefused(file, reason);
  return reason ? false : file;
}
