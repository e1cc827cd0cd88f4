/**
 * Uppy's Dashboard on the page: choosing, dropping and pasting files. What happens to the files is in files.js.
 */
import Uppy from '@uppy/core';
import '@uppy/core/css/style.min.css';
import Dashboard from '@uppy/dashboard';
import '@uppy/dashboard/css/style.min.css';
import DropTarget from '@uppy/drop-target';
import { GIVES_HANDLES, handlesIn, pickFiles } from './file-picker.js';
import { addFile, connect, setLimits } from './files.js';
import { TEXTS, UPPY_LOCALES } from './texts/languages.js';

/** @import { PageUppy } from './files.js' */
/** @import { Settings } from './settings.js' */
/** @import { SignIn } from './sign-in.js' */
/** @import { Language } from './texts/languages.js' */
/** @import { UnfinishedUploads } from './unfinished.js' */
/** @import { Uploads } from './uploads.js' */

const CAN_DROP = matchMedia('(hover: hover)').matches; // a phone can neither drop files nor choose a folder
const IS_SMALL = matchMedia('(max-width: 34rem), (max-height: 32rem)').matches;

/**
 * @param {HTMLElement} target
 * @param {Settings} settings
 * @param {Language} language
 * @param {Uploads} uploads
 * @param {SignIn} signIn
 * @param {UnfinishedUploads | null} unfinished  null where nothing can be remembered
 * @returns {PageUppy}
 */
export function openDashboard(target, { tokenUrl, limits }, language, uploads, signIn, unfinished) {
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
      disableInformer: true, // its messages vanish; the list of uploads keeps them
      hideRetryButton: true,
    })
    .use(DropTarget, { target: document.body });
  connect(uppy, uploads, {
    tokenUrl,
    headers: (file, after) => signIn.headersFor(file, after),
    ...(unfinished && { memory: unfinished.memory }),
  });
  if (unfinished) keepHandles(target, uppy, unfinished);
  uppy.on('upload', () => {
    // the focus would go to the button that cancels everything, and the list may be out of sight
    if (target.contains(document.activeElement))
      queueMicrotask(() => document.getElementById('uploads-heading')?.focus());
  });
  uppy.on('restriction-failed', () => {
    // the list says why; a panel for more files would hide those that were chosen before
    if (uppy.getFiles().length > 0) uppy.getPlugin('Dashboard')?.hideAllPanels();
  });
  target.addEventListener('paste', (event) => event.stopPropagation()); // Uppy has handled it already
  document.addEventListener('paste', (event) => addPasted(uppy, event));
  setLimits(uppy, limits, uploads);
  setLanguage(uppy, language);
  return uppy;
}

/**
 * Has the browser choose the files, and give their handles, in place of the Dashboard's input; and takes the handles of
 * what is dropped.
 *
 * @param {HTMLElement} target
 * @param {PageUppy} uppy
 * @param {UnfinishedUploads} unfinished
 */
function keepHandles(target, uppy, unfinished) {
  /** @param {HTMLInputElement} input */
  const choose = async ({ accept }) => {
    for (const { file, handle } of await pickFiles(true, accept)) {
      await unfinished.takeHandle(handle);
      addFile(uppy, { name: file.name, data: file, meta: {} });
    }
  };
  target.addEventListener(
    'click',
    (event) => {
      const input = event.target;
      if (!GIVES_HANDLES || !(input instanceof HTMLInputElement) || input.webkitdirectory) return;
      event.preventDefault();
      void choose(input);
    },
    true,
  );
  document.addEventListener(
    'drop',
    ({ dataTransfer }) => {
      for (const asked of dataTransfer ? handlesIn(dataTransfer) : [])
        void asked.then((handle) => unfinished.takeHandle(handle));
    },
    true,
  );
}

/** @param {PageUppy} uppy @param {Language} language */
export function setLanguage(uppy, language) {
  const locale = UPPY_LOCALES[language];
  const touch = { dropPasteFiles: '%{browseFiles}', browseFiles: TEXTS[language].choose };
  const strings = CAN_DROP ? locale.strings : { ...locale.strings, ...touch };
  uppy.setOptions({ locale: { ...locale, strings } });
  uppy.getPlugin('Dashboard')?.setOptions({ note: CAN_DROP ? TEXTS[language].note : null });
}

/** @param {PageUppy} uppy @param {ClipboardEvent} event */
function addPasted(uppy, { target, clipboardData }) {
  if (target instanceof HTMLInputElement) return;
  for (const data of clipboardData?.files ?? []) addFile(uppy, { name: data.name, data, meta: {} });
}
