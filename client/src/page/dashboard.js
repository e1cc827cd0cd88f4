/**
 * Uppy's Dashboard on the page: choosing, dropping and pasting files. What happens to the files is in files.js.
 */
import Uppy from '@uppy/core';
import '@uppy/core/css/style.min.css';
import Dashboard from '@uppy/dashboard';
import '@uppy/dashboard/css/style.min.css';
import DropTarget from '@uppy/drop-target';
import { browserTransport } from '../lib/upload.js';
import { GIVES_HANDLES, handlesIn, pickFiles } from './file-picker.js';
import { addFile, connect, move } from './files.js';
import { GrantsAhead, grantsIn } from './grants-ahead.js';
import { mayShrink } from './settings.js';
import { TEXTS, UPPY_LOCALES } from './texts/languages.js';

/** @import { PageFile, PageUppy } from './files.js' */
/** @import { Memory } from '../lib/upload.js' */
/** @import { Settings } from './settings.js' */
/** @import { SignIn } from './sign-in.js' */
/** @import { Language } from './texts/languages.js' */
/** @import { UnfinishedUploads } from './unfinished.js' */
/** @import { Uploads } from './uploads.js' */

const CAN_DROP = matchMedia('(hover: hover)').matches; // a phone can neither drop files nor choose a folder
const IS_SMALL = matchMedia('(max-width: 34rem), (max-height: 32rem)').matches;

/**
 * @typedef {{chooser: PageUppy, sender: PageUppy}} Uppies  The one with the Dashboard, and the one that sends.
 */

/**
 * @param {HTMLElement} target
 * @param {Settings} settings
 * @param {Language} language
 * @param {Uploads} uploads
 * @param {SignIn} signIn
 * @param {UnfinishedUploads | null} unfinished  null where nothing can be remembered
 * @returns {Uppies}
 */
export function openDashboard(target, settings, language, uploads, signIn, unfinished) {
  const { tokenUrl, autoUpload, shrinkImages } = settings;
  target.classList.toggle('nothing-to-drop', !CAN_DROP);
  const [chooser, sender] = /** @type {PageUppy[]} */ ([new Uppy(), new Uppy()]);
  if (!chooser || !sender) throw new Error('unreachable');
  chooser
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
  const grants = askAhead(chooser, sender, tokenUrl, signIn);
  const remembered = shrinkIfWanted(chooser, shrinkImages, grants);
  connect(sender, uploads, {
    tokenUrl,
    headers: (file, after) => signIn.headersFor(file, after),
    grant: ({ id }) => grants.take(id),
    ...(unfinished && { memory: remembered(unfinished.memory) }),
  });
  if (unfinished) keepHandles(target, chooser, unfinished);
  chooser.addUploader(async (ids) => {
    const hadFocus = target.contains(document.activeElement);
    move(chooser, sender, ids, (chosen, sent) => grants.rename(chosen, sent));
    if (hadFocus) document.getElementById('uploads-heading')?.focus(); // the focused button is gone
  });
  if (autoUpload) chooser.on('files-added', () => void chooser.upload());
  chooser.on('restriction-failed', () => {
    // the list says why; a panel for more files would hide those that were chosen before
    if (chooser.getFiles().length > 0) chooser.getPlugin('Dashboard')?.hideAllPanels();
  });
  target.addEventListener('paste', (event) => event.stopPropagation()); // Uppy has handled it already
  document.addEventListener('paste', (event) => addPasted(chooser, event));
  setLanguage(chooser, language);
  return { chooser, sender };
}

/**
 * Asks for the grants of the first files as soon as it is known what is sent.
 *
 * @param {PageUppy} chooser
 * @param {PageUppy} sender
 * @param {string} tokenUrl
 * @param {SignIn} signIn
 * @returns {GrantsAhead}
 */
function askAhead(chooser, sender, tokenUrl, signIn) {
  const grants = new GrantsAhead(async (files, signal) => {
    const answer = await browserTransport.postJson(`${tokenUrl}uploads`, { files }, signIn.headers, signal);
    const given = grantsIn(answer.body, Date.now());
    const address = given.find((grant) => grant !== null)?.url;
    if (address) preconnect(new URL(address).origin);
    return given;
  });
  for (const uppy of [chooser, sender])
    uppy.on('file-removed', ({ id }) => chooser.getFile(id) || sender.getFile(id) || grants.drop(id));
  return grants;
}

/**
 * Has images made smaller, if they are to be: they are sent once all of them are. The code for it is loaded only then.
 *
 * @param {PageUppy} chooser
 * @param {unknown} option  of config.json
 * @param {GrantsAhead} grants
 * @returns {(memory: Memory) => Memory} has it remember no image that was made smaller: nobody could choose it again
 */
function shrinkIfWanted(chooser, option, grants) {
  const want = (/** @type {PageFile} */ { id, name, size, type }) =>
    grants.add(id, { name, size: size ?? 0, type });
  if (!option) {
    chooser.on('file-added', want);
    return (memory) => memory;
  }
  const loading = import('./shrinking.js')
    .then(({ shrinkChosen }) => shrinkChosen(chooser, option, want))
    .catch((error) => console.error(error)); // images are sent as they are
  chooser.on('file-added', async (file) => (mayShrink(file) && (await loading)?.add(file)) || want(file));
  chooser.addPreProcessor(async (ids) => (await loading)?.settle(ids));
  return (memory) => ({
    open: async (upload) => ((await loading)?.made(upload.file) ? null : memory.open(upload)),
  });
}

/**
 * Has the browser connect before a file is sent: what it opened while it loaded the page may be closed by now.
 *
 * @param {string} origin
 */
function preconnect(origin) {
  document.head.querySelector('[data-upload]')?.remove();
  const link = Object.assign(document.createElement('link'), {
    rel: 'preconnect',
    href: origin,
    crossOrigin: 'anonymous',
  });
  link.dataset['upload'] = '';
  document.head.append(link);
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
