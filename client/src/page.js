/**
 * The page: wires files, queue, rows and words together. What the protocol does is in upload.js.
 */
import { UploadQueue } from './queue.js';
import { SettingsError, readSettings, refuse } from './settings.js';
import { TEXTS, firstLanguage } from './texts.js';
import { browserTransport, uploadFile } from './upload.js';
import { createRow, drawRow, part, shownState, stateInWords, troubleInWords } from './view.js';

/** @typedef {import('./queue.js').Item} Item */

const REMEMBERED_LANGUAGE = 'language';
const COPIED_MS = 2_000;
const ANNOUNCED = new Set(['confirming', 'done', 'failed', 'not_confirmed', 'refused', 'aborted']);

const page = part(document, 'body');
const input = /** @type {HTMLInputElement} */ (part(page, '#files'));
const list = part(page, '#list');
/** @type {Map<number, HTMLElement>} */
const rows = new Map();

let language = firstLanguage(remembered(), navigator.languages);
/** @type {import('./settings.js').Settings | null} */
let settings = null;
/** @type {SettingsError['part'] | null} */
let missing = null;

const queue = new UploadQueue(
  (file, options) => uploadFile(file, { tokenUrl: settings?.tokenUrl ?? '', ...options }),
  onChange,
);

// ---- Files in

/** @param {{file: File, folder: boolean}[]} chosen */
function addFiles(chosen) {
  if (!settings) return;
  const { limits } = settings;
  const added = chosen.map(({ file, folder }) =>
    queue.add(file, folder ? { reason: 'folder' } : refuse(file, limits)),
  );
  const fine = added.filter(({ now }) => now.state !== 'refused').length;
  if (fine) announce(texts().announce.added(fine));
}

input.addEventListener('change', () => {
  addFiles([...(input.files ?? [])].map((file) => ({ file, folder: false })));
  input.value = ''; // so that the same file can be chosen again
});

/** @param {DragEvent} event */
const carriesFiles = (event) => event.dataTransfer?.types.includes('Files') ?? false;

page.addEventListener('dragover', (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault(); // anywhere on the page, or the browser would leave it to show the file
  part(page, '#drop').classList.toggle('drop-over', settings !== null);
});
page.addEventListener('dragleave', (event) => {
  if (event.relatedTarget === null) part(page, '#drop').classList.remove('drop-over');
});
page.addEventListener('drop', (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  part(page, '#drop').classList.remove('drop-over');
  addFiles(
    [...(event.dataTransfer?.items ?? [])].flatMap((item) => {
      const file = item.getAsFile();
      return file ? [{ file, folder: item.webkitGetAsEntry()?.isDirectory ?? false }] : [];
    }),
  );
});

// ---- Rows

/** @param {Item} item */
function onChange(item) {
  const row = rows.get(item.id) ?? newRow(item);
  const before = row.dataset['state'];
  drawItem(row, item);
  const now = shownState(item);
  if (now !== before && ANNOUNCED.has(now)) announceItem(item);
  if (now === 'done' && queue.items.length === 1) part(row, 'details').setAttribute('open', '');
  drawTally();
  warnWhileBusy();
}

/** @param {Item} item @returns {HTMLElement} */
function newRow(item) {
  const row = createRow(item);
  rows.set(item.id, row);
  list.append(row);
  return row;
}

/** @param {HTMLElement} row @param {Item} item */
function drawItem(row, item) {
  if (settings) drawRow(row, item, { texts: texts(), limits: settings.limits, offline: !navigator.onLine });
}

function drawTally() {
  const done = queue.items.filter(({ now }) => now.state === 'done').length;
  part(page, '#uploads').hidden = queue.items.length === 0;
  part(page, '#tally').textContent = texts().tally(done, queue.items.length);
}

list.addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest('button') : null;
  const row = button?.closest('li');
  const item = queue.items.find(({ id }) => String(id) === row?.dataset['id']);
  if (!button || !row || !item) return;
  switch (button.dataset['action']) {
    case 'cancel':
      return queue.cancel(item);
    case 'retry':
      return queue.retry(item);
    case 'remove':
      return removeItem(item, row);
    case 'copy-request':
      return void copy(part(row, '[data-testid=request-id]'), button, item);
    case 'copy-answer':
      return void copy(part(row, '[data-testid=answer]'), button, item);
  }
});

/** @param {Item} item @param {HTMLElement} row */
function removeItem(item, row) {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  queue.remove(item);
  rows.delete(item.id);
  row.remove();
  (next instanceof HTMLElement ? next : input).focus(); // or a keyboard would start over at the top
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
  const row = rows.get(item.id);
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
  if (!settings) return;
  const around = { texts: texts(), limits: settings.limits, offline: false };
  const why = shownState(item) === 'aborted' ? '' : troubleInWords(item, around);
  announce(
    texts().announce.file(item.file.name, [stateInWords(item, around), why].filter(Boolean).join(' ')),
  );
}

function drawWords() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const element of document.querySelectorAll('[data-text]')) {
    const words = texts()[/** @type {keyof typeof TEXTS.en} */ (element.getAttribute('data-text'))];
    if (typeof words === 'string') element.textContent = words;
  }
  const languages = part(page, '#languages');
  languages.setAttribute('aria-label', texts().language);
  for (const button of languages.querySelectorAll('button'))
    button.setAttribute('aria-pressed', String(button.value === language));
  drawSettings();
  drawRows();
}

function drawRows() {
  for (const item of queue.items) {
    const row = rows.get(item.id);
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

// ---- Settings

async function loadSettings() {
  missing = null;
  drawSettings();
  try {
    settings = await readSettings(browserTransport.get, location.href);
  } catch (error) {
    console.error(error);
    missing = error instanceof SettingsError ? error.part : 'config';
  }
  drawSettings();
}

function drawSettings() {
  part(page, '#trouble').hidden = missing === null;
  part(page, '#trouble-text').textContent = missing ? texts().trouble[missing] : '';
  part(page, '#drop').hidden = missing !== null;
  part(page, '#limits').hidden = missing !== null;
  part(page, '#limits').textContent = settings ? texts().limits(settings.limits) : texts().loading;
  input.disabled = settings === null;
  if (settings) input.accept = settings.limits.types.includes('*/*') ? '' : settings.limits.types.join(',');
}

part(page, '#trouble-retry').addEventListener('click', async () => {
  await loadSettings();
  (missing ? part(page, '#trouble-retry') : input).focus();
});

// ---- Around the page

/** @param {BeforeUnloadEvent} event */
const warn = (event) => event.preventDefault();

function warnWhileBusy() {
  if (queue.busy) addEventListener('beforeunload', warn);
  else removeEventListener('beforeunload', warn);
}

addEventListener('online', drawRows);
addEventListener('offline', drawRows);

drawWords();
void loadSettings();
