/**
 * The page: wires Uppy, the list of uploads, rows and words together. What the protocol does is in upload.js.
 */
import Uppy from '@uppy/core';
import '@uppy/core/css/style.min.css';
import Dashboard from '@uppy/dashboard';
import '@uppy/dashboard/css/style.min.css';
import DropTarget from '@uppy/drop-target';
import '../page.css';
import '../uppy-theme.css';
import { SettingsError, readSettings, refuse } from './settings.js';
import { SignIn } from './sign-in.js';
import { TEXTS, UPPY_LOCALES, firstLanguage } from './texts.js';
import { browserTransport } from './upload.js';
import { Uploads } from './uploads.js';
import OssUpload from './uppy-oss.js';
import { createRow, drawRow, part, shownState, stateInWords, troubleInWords } from './view.js';

/** @import { ChosenFile, Item } from './uploads.js' */

const REMEMBERED_LANGUAGE = 'language';
const COPIED_MS = 2_000;
const ANNOUNCED = new Set(['confirming', 'done', 'failed', 'not_confirmed', 'refused', 'aborted']);
const FOLDER_LITTER = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini']); // what systems leave in every folder

const CAN_DROP = matchMedia('(hover: hover)').matches; // a phone has nothing to drop, and no folders to choose

const page = part(document, 'body');
const list = part(page, '#list');
/** @type {WeakMap<Item, HTMLElement>} */
const rows = new WeakMap();

let language = firstLanguage(remembered(), navigator.languages);
/** @type {import('./settings.js').Settings | null} */
let settings = null;
/** @type {SettingsError | null} what keeps the page from working */
let trouble = null;
let signingIn = false;

const uploads = new Uploads(onChange);
const signIn = new SignIn(() => showSignIn(true));
/** @type {Uppy<{relativePath?: string}, Record<string, unknown>> | null} */
let uppy = null;

// ---- Files in

/** @param {import('./settings.js').Settings} given */
function openUppy({ tokenUrl, limits }) {
  const opened = /** @type {NonNullable<typeof uppy>} */ (
    new Uppy({
      locale: uppyLocale(),
      restrictions: restrictionsOf(limits),
      onBeforeFileAdded: (file) => isWelcome(/** @type {ChosenFile} */ (file)),
    })
  );
  opened
    .use(Dashboard, {
      target: '#dashboard',
      inline: true,
      width: '100%',
      height: '26rem',
      theme: 'auto',
      fileManagerSelectionType: CAN_DROP ? 'both' : 'files',
      proudlyDisplayPoweredByUppy: false,
      note: note(),
    })
    .use(DropTarget, { target: page })
    .use(OssUpload, {
      tokenUrl,
      headers: (file, after) => signIn.headersFor(file, after),
      onState: (file, state) => uploads.hear(file, state),
    });
  opened.on('upload-start', (files) => {
    for (const file of files) uploads.start(file);
  });
  opened.on('upload-error', (file, error) => {
    if (file) uploads.explain(file, /** @type {import('./upload.js').UploadError} */ (error));
  });
  opened.on('file-removed', (file) => uploads.letGo(file));
  return opened;
}

function uppyLocale() {
  const locale = UPPY_LOCALES[language];
  return CAN_DROP ? locale : { ...locale, strings: { ...locale.strings, dropPasteFiles: '%{browseFiles}' } };
}

function note() {
  return CAN_DROP ? texts().note : null;
}

/** @param {import('./settings.js').Limits} limits */
function restrictionsOf({ maxBytes, types }) {
  return { maxFileSize: maxBytes, allowedFileTypes: types.includes('*/*') ? null : types };
}

/** @param {ChosenFile} file @returns {boolean} */
function isWelcome(file) {
  if (!settings || (file.meta.relativePath && FOLDER_LITTER.has(file.name))) return false;
  const why = refuse(file, settings.limits);
  if (why) uploads.refuse(file, why);
  return !why;
}

document.addEventListener('paste', (event) => {
  const { target } = event;
  const taken = target instanceof Element && target.closest('.uppy-Root, input, textarea');
  if (taken || !uppy) return; // the Dashboard hears what is pasted into it, and nothing else
  for (const file of event.clipboardData?.files ?? []) addFile({ name: file.name, type: file.type, data: file });
});

/** @param {{name: string, type: string, data: File, meta?: ChosenFile['meta']}} file */
function addFile({ meta = {}, ...file }) {
  try {
    uppy?.addFile({ source: 'page', meta: /** @type {{relativePath?: string}} */ (meta), ...file });
  } catch (error) {
    uppy?.log(error instanceof Error ? error.message : String(error)); // refused, and told already
  }
}

// ---- Rows

/** @param {Item} item */
function onChange(item) {
  const row = rows.get(item) ?? newRow(item);
  const before = row.dataset['state'];
  drawItem(row, item);
  const now = shownState(item);
  if (now !== before && ANNOUNCED.has(now)) announceItem(item);
  if (now === 'done' && before !== 'done' && uploads.items.length === 1)
    part(row, 'details').setAttribute('open', '');
  drawTally();
  warnWhileBusy();
}

/** @param {Item} item @returns {HTMLElement} */
function newRow(item) {
  const row = createRow(item);
  rows.set(item, row);
  list.append(row);
  return row;
}

/** @param {HTMLElement} row @param {Item} item */
function drawItem(row, item) {
  const around = surroundings();
  if (around) drawRow(row, item, around);
}

/** @returns {import('./view.js').Surroundings | null} */
function surroundings() {
  return settings && { texts: texts(), limits: settings.limits, offline: !navigator.onLine, signingIn };
}

function drawTally() {
  const done = uploads.items.filter(({ now }) => now.state === 'done').length;
  part(page, '#uploads').hidden = uploads.items.length === 0;
  part(page, '#tally').textContent = texts().tally(done, uploads.items.length);
}

list.addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest('button') : null;
  const row = button?.closest('li');
  const item = uploads.items.find(({ id }) => String(id) === row?.dataset['id']);
  if (!button || !row || !item) return;
  switch (button.dataset['action']) {
    case 'cancel':
      return uppy?.removeFile(item.file.id);
    case 'retry':
      return retry(item);
    case 'remove':
      return removeItem(item, row);
    case 'copy-request':
      return void copy(part(row, '[data-testid=request-id]'), button, item);
    case 'copy-answer':
      return void copy(part(row, '[data-testid=answer]'), button, item);
  }
});

/** @param {Item} item */
function retry({ file }) {
  const data = /** @type {File} */ (file.data);
  if (!uppy?.getFile(file.id)) addFile({ name: file.name, type: file.type, data, meta: file.meta }); // it was cancelled
  if (uppy?.getFile(file.id)) void uppy.retryUpload(file.id);
}

/** @param {Item} item @param {HTMLElement} row */
function removeItem(item, row) {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  uploads.remove(item);
  row.remove();
  const nowhere = part(page, 'h1'); // the list is empty; a keyboard would start over at the top
  (next instanceof HTMLElement ? next : nowhere).focus();
  drawTally();
}

/** @param {HTMLElement} source @param {HTMLElement} button @param {Item} item */
async function copy(source, button, item) {
  try {
    await navigator.clipboard.writeText(source.textContent ?? '');
  } catch {
    getSelection()?.selectAllChildren(source); // no clipboard on plain http: leave it selected for Ctrl+C
    return;
  }
  const row = rows.get(item);
  if (!row) return;
  button.dataset['copied'] = '';
  drawItem(row, item);
  announce(texts().copied);
  setTimeout(() => {
    delete button.dataset['copied'];
    drawItem(row, item);
  }, COPIED_MS);
}

// ---- Words

function texts() {
  return TEXTS[language];
}

/** @param {string} words  for screen readers, in passing */
function announce(words) {
  part(page, '#announcer').textContent = words;
}

/** @param {Item} item */
function announceItem(item) {
  const around = surroundings();
  if (!around) return;
  const why = shownState(item) === 'aborted' ? '' : troubleInWords(item, around);
  announce(texts().announce(item.file.name, [stateInWords(item, around), why].filter(Boolean).join(' ')));
}

function drawWords() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const element of document.querySelectorAll('[data-text]')) {
    const words = wordsAt(element.getAttribute('data-text') ?? '');
    if (words) element.textContent = words;
  }
  const languages = part(page, '#languages');
  languages.setAttribute('aria-label', texts().language);
  for (const button of languages.querySelectorAll('button'))
    button.setAttribute('aria-pressed', String(button.value === language));
  uppy?.setOptions({ locale: uppyLocale() });
  uppy?.getPlugin('Dashboard')?.setOptions({ note: note() });
  drawSettings();
  drawRows();
}

/** @param {string} path  such as `signIn.go` @returns {string | null} */
function wordsAt(path) {
  /** @type {unknown} */
  let found = texts();
  for (const name of path.split('.')) found = /** @type {Record<string, unknown>} */ (found)[name];
  return typeof found === 'string' ? found : null;
}

function drawRows() {
  for (const item of uploads.items) {
    const row = rows.get(item);
    if (row) drawItem(row, item);
  }
  drawTally();
}

part(page, '#languages').addEventListener('click', (event) => {
  const chosen = event.target instanceof HTMLButtonElement ? event.target.value : '';
  if (chosen !== 'en' && chosen !== 'zh') return;
  language = chosen;
  try {
    localStorage.setItem(REMEMBERED_LANGUAGE, chosen);
  } catch {
    // storage may be forbidden; then the switch lasts as long as the page
  }
  drawWords();
});

/** @returns {string | null} */
function remembered() {
  try {
    return localStorage.getItem(REMEMBERED_LANGUAGE);
  } catch {
    return null;
  }
}

// ---- Settings and signing in

async function loadSettings() {
  trouble = null;
  drawSettings();
  try {
    settings = await readSettings(browserTransport.get, location.href, signIn.headers);
    showSignIn(false);
    signIn.goOn();
    if (uppy) uppy.setOptions({ restrictions: restrictionsOf(settings.limits) });
    else uppy = openUppy(settings);
  } catch (error) {
    console.error(error);
    trouble = error instanceof SettingsError ? error : new SettingsError('config', String(error));
    if (trouble.part === 'sign_in') showSignIn(true);
  }
  drawSettings();
}

/** @param {boolean} shown */
function showSignIn(shown) {
  const change = shown !== signingIn;
  signingIn = shown;
  drawSettings();
  if (!change) return;
  drawRows();
  if (shown && !uploads.busy) part(page, '#token').focus();
}

function drawSettings() {
  const broken = trouble && trouble.part !== 'sign_in' ? trouble.part : null;
  part(page, '#trouble').hidden = broken === null;
  part(page, '#trouble-text').textContent = broken ? texts().trouble[broken] : '';
  part(page, '#sign-in').hidden = !signingIn;
  part(page, '#sign-in-trouble').textContent = signingIn ? signInTrouble() : '';
  part(page, '#sign-out').hidden = !signIn.signedIn || signingIn;
  part(page, '#dashboard').hidden = settings === null;
  part(page, '#limits').textContent = settings
    ? texts().limits(settings.limits)
    : trouble
      ? ''
      : texts().loading;
}

/** @returns {string} */
function signInTrouble() {
  if (uploads.busy) return texts().signIn.expired;
  return trouble && signIn.signedIn
    ? (texts().codes[trouble.code] ?? texts().codes['token_invalid'] ?? '')
    : '';
}

part(page, '#trouble-retry').addEventListener('click', async () => {
  await loadSettings();
  if (trouble) part(page, '#trouble-retry').focus();
});

part(page, '#sign-in').addEventListener('submit', async (event) => {
  event.preventDefault();
  const field = /** @type {HTMLInputElement} */ (part(page, '#token'));
  signIn.take(field.value);
  await loadSettings();
  if (!signingIn) field.value = '';
});

part(page, '#sign-out').addEventListener('click', () => location.reload()); // which forgets the token

// ---- Around the page

/** @param {BeforeUnloadEvent} event */
const warn = (event) => event.preventDefault();

function warnWhileBusy() {
  if (uploads.busy) addEventListener('beforeunload', warn);
  else removeEventListener('beforeunload', warn);
}

addEventListener('online', drawRows);
addEventListener('offline', drawRows);

part(page, '#dashboard').classList.toggle('nothing-to-drop', !CAN_DROP);
drawWords();
void loadSettings();
