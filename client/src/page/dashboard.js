/**
 * Uppy and its Dashboard on the page: how files come in, and which. It tells the list of uploads what becomes of them.
 */
import Uppy from '@uppy/core';
import '@uppy/core/css/style.min.css';
import Dashboard from '@uppy/dashboard';
import '@uppy/dashboard/css/style.min.css';
import DropTarget from '@uppy/drop-target';
import { refuse } from './settings.js';
import { TEXTS, UPPY_LOCALES } from './texts/languages.js';
import OssUpload from '../lib/uppy-oss.js';

/** @import { UppyFile } from '@uppy/core' */
/** @import { Limits, Settings } from './settings.js' */
/** @import { SignIn } from './sign-in.js' */
/** @import { Language } from './texts/languages.js' */
/** @import { UploadError } from '../lib/upload.js' */
/** @import { ChosenFile, Uploads } from './uploads.js' */

/** @typedef {Uppy<{relativePath?: string}, Record<string, unknown>>} PageUppy */

const CAN_DROP = matchMedia('(hover: hover)').matches; // a phone has nothing to drop, and no folders to choose
const IS_SMALL = matchMedia('(max-width: 34rem), (max-height: 32rem)').matches;
const FOLDER_LITTER = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini']); // what systems leave in every folder

/**
 * @param {HTMLElement} target
 * @param {Settings} settings
 * @param {Language} language
 * @param {Uploads} uploads
 * @param {SignIn} signIn
 * @returns {PageUppy}
 */
export function openDashboard(target, { tokenUrl, limits }, language, uploads, signIn) {
  target.classList.toggle('nothing-to-drop', !CAN_DROP);
  const uppy = /** @type {PageUppy} */ (new Uppy());
  uppy
    .use(Dashboard, {
      target,
      inline: true,
      width: '100%',
      height: IS_SMALL ? '17rem' : '26rem',
      theme: 'auto',
      fileManagerSelectionType: CAN_DROP ? 'both' : 'files',
      proudlyDisplayPoweredByUppy: false,
      disableInformer: true, // what it says in passing, the list of uploads says for good
      hideRetryButton: true,
    })
    .use(DropTarget, { target: document.body })
    .use(OssUpload, {
      tokenUrl,
      headers: (file, after) => signIn.headersFor(file, after),
      onState: (file, state) => uploads.hear(file, state),
    });
  uppy.on('upload-start', (files) => files.forEach((file) => uploads.start(file)));
  uppy.on('upload-error', (file, error) => {
    if (!file) return;
    uploads.explain(file, /** @type {UploadError} */ (error));
    release(uppy, file.id);
  });
  uppy.on('upload', () => {
    // or the focus would fall on a button that cancels all, and the list may be out of sight
    if (target.contains(document.activeElement))
      queueMicrotask(() => document.getElementById('uploads-heading')?.focus());
  });
  uppy.on('restriction-failed', () => {
    // the list says why; a panel for more files would hide those that are there
    if (uppy.getFiles().length > 0) uppy.getPlugin('Dashboard')?.hideAllPanels();
  });
  uppy.on('file-removed', (file) => uploads.letGo(file));
  target.addEventListener('paste', (event) => event.stopPropagation()); // Uppy has it, and would hear of it once more
  document.addEventListener('paste', (event) => takePaste(uppy, event));
  limit(uppy, limits, uploads);
  speak(uppy, language);
  return uppy;
}

/** @param {PageUppy} uppy @param {Limits} limits  of whoever has signed in @param {Uploads} uploads */
export function limit(uppy, limits, uploads) {
  uppy.setOptions({
    restrictions: {
      maxFileSize: limits.maxBytes,
      allowedFileTypes: limits.types.includes('*/*') ? null : limits.types,
    },
    onBeforeFileAdded: (file, files) => isWelcome(file, files, limits, uploads),
  });
}

/** @param {PageUppy} uppy @param {Language} language */
export function speak(uppy, language) {
  const locale = UPPY_LOCALES[language];
  const touch = { dropPasteFiles: '%{browseFiles}', browseFiles: TEXTS[language].choose };
  const strings = CAN_DROP ? locale.strings : { ...locale.strings, ...touch };
  uppy.setOptions({ locale: { ...locale, strings } });
  uppy.getPlugin('Dashboard')?.setOptions({ note: CAN_DROP ? TEXTS[language].note : null });
}

/** @param {PageUppy} uppy @param {ChosenFile} file  tried again, though it may have been cancelled */
export function retry(uppy, file) {
  if (!uppy.getFile(file.id)) addFile(uppy, file);
  if (uppy.getFile(file.id)) void uppy.retryUpload(file.id);
}

/**
 * What failed is in the list of uploads, with the way to try it again. In the Dashboard it would keep new files from
 * being uploaded until it is dealt with.
 *
 * @param {PageUppy} uppy
 * @param {string} id
 */
function release(uppy, id) {
  uppy.removeFile(id);
  uppy.setState({ error: null });
}

/** @typedef {UppyFile<{relativePath?: string}, Record<string, unknown>>} PageFile */

/**
 * @param {PageFile} file
 * @param {Record<string, PageFile>} files  that are in the Dashboard already
 * @param {Limits} limits
 * @param {Uploads} uploads  where a refused one is shown
 * @returns {boolean}
 */
function isWelcome(file, files, limits, uploads) {
  if (file.meta.relativePath && FOLDER_LITTER.has(file.name)) return false;
  const why = Object.hasOwn(files, file.id)
    ? 'duplicate'
    : uploads.mayBeStored(file)
      ? 'unconfirmed'
      : refuse(file, limits);
  if (why) uploads.refuse(file, why);
  return !why;
}

/** @param {PageUppy} uppy @param {ClipboardEvent} event */
function takePaste(uppy, { target, clipboardData }) {
  if (target instanceof HTMLInputElement) return;
  for (const data of clipboardData?.files ?? [])
    addFile(uppy, { name: data.name, type: data.type, data, meta: {} });
}

/** @param {PageUppy} uppy @param {Pick<ChosenFile, 'name' | 'type' | 'data' | 'meta'>} file */
function addFile(uppy, { name, type, data, meta: { relativePath } }) {
  const meta = relativePath ? { relativePath } : {};
  try {
    uppy.addFile({ source: 'page', name, type, data: /** @type {File} */ (data), meta });
  } catch (error) {
    uppy.log(String(error)); // refused, which was told already
  }
}
