/**
 * The page: connects settings, sign-in, texts, Dashboard and list of uploads with the document.
 */
import './page.css';
import { browserTransport } from '../lib/upload.js';
import { BusyWindow } from './busy-window.js';
import { openDashboard, setLanguage } from './dashboard.js';
import { part } from './dom.js';
import { fileOf, pickFiles } from './file-picker.js';
import { cancelAll, resume, retry, setLimits, togglePause, togglePauseAll } from './files.js';
import { UploadList } from './list.js';
import { Paced } from './paced.js';
import { reading } from './preloaded.js';
import { Session } from './session.js';
import { mayShrink, readSettings } from './settings.js';
import { TEXTS, firstLanguage, textAt } from './texts/languages.js';
import { UnfinishedUploads } from './unfinished.js';
import { TICK_MS, Uploads, isBusy } from './uploads.js';
import './uppy-theme.css';
import { titleText } from './wording.js';

/** @import { Settings } from './settings.js' */
/** @import { Item } from './uploads.js' */

const REMEMBERED_LANGUAGE = 'language';
const AGAIN_MS = 2_000; // a page that was reloaded may hold its locks a moment longer

const page = part(document, 'body');

let language = firstLanguage(remembered(), navigator.languages);
/** @type {import('./dashboard.js').Uppies | null} */
let uppies = null;
/** @type {UnfinishedUploads | null} null until the user is known, and where the user's token names nobody */
let unfinished = null;

const config = document.querySelector('meta[name=config]')?.getAttribute('content') ?? null;
const session = new Session((headers) => readSettings(reading(config), location.href, headers), {
  onSettings: (settings) => {
    uppies ??= open(settings);
    setLimits(uppies.chooser, settings.limits, uploads, {
      sender: uppies.sender,
      ...(settings.shrinkImages ? { mayShrink } : {}),
    });
    setLimits(uppies.sender, settings.limits, uploads);
  },
  onSigningIn: (signingIn) => {
    list.draw();
    part(page, '#sign-in').scrollIntoView({ block: 'nearest' });
    if (signingIn && !uploads.busy) part(page, '#token').focus();
  },
  onChange: drawSession,
  onError: (error) => console.error(error),
});
const uploads = new Uploads((item) => {
  list.update(item);
  if (uploads.busy) following.want();
  else followBusy(); // nothing is lost any more
});
const following = new Paced(followBusy);
const list = new UploadList(part(page, '#uploads'), uploads, {
  context: () =>
    session.settings && {
      texts: texts(),
      limits: session.settings.limits,
      offline: !navigator.onLine,
      signingIn: session.signingIn,
    },
  announce,
  pause: (item) => uppies && togglePause(uppies.sender, item),
  pauseAll: () => uppies && togglePauseAll(uppies.sender, uploads),
  cancel: ({ file }) => uppies?.sender.removeFile(file.id),
  cancelAll: () => uppies && cancelAll(uppies.sender, uploads),
  retry: (item) => void (item.unfinished ? goOn(item) : uppies && retry(uppies.sender, item)),
  discard: ({ now, file, unfinished: left }) => {
    if (file.preview) URL.revokeObjectURL(file.preview);
    if (now.state !== 'done') void unfinished?.discard(left?.file ?? /** @type {File} */ (file.data));
  },
});
const busyWindow = new BusyWindow();

/** @param {Settings} settings @returns {import('./dashboard.js').Uppies} */
function open(settings) {
  const { tokenUrl } = settings;
  const { signIn } = session;
  const owner = signIn.subject;
  if (owner !== null)
    unfinished = new UnfinishedUploads({
      tokenUrl,
      owner,
      transport: browserTransport,
      onChange: followBusy,
    });
  void offerUnfinished();
  setTimeout(offerUnfinished, AGAIN_MS);
  return openDashboard(part(page, '#dashboard'), settings, language, uploads, signIn, unfinished);
}

// ---- What an earlier visit has left

async function offerUnfinished() {
  if (unfinished) list.drop(uploads.onUnfinished(await unfinished.list()));
}

/** @param {Item} item  that an earlier visit has left */
async function goOn(item) {
  const kept = item.unfinished?.handle;
  const file = kept ? await fileOf(kept) : await choose();
  if (file && uppies) resume(uppies.sender, uploads, item, file);
  else if (kept && item.unfinished) {
    item.unfinished.handle = null; // the next time the user chooses the file
    uploads.onStillUnfinished(item, 'choose_again');
  }
}

async function choose() {
  const [picked] = await pickFiles(false);
  if (picked) await unfinished?.takeHandle(picked.handle);
  return picked?.file ?? null;
}

// ---- Texts

/** @param {string} text  for screen readers */
function announce(text) {
  part(page, '#announcer').textContent = text;
}

function texts() {
  return TEXTS[language];
}

function drawTexts() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const element of document.querySelectorAll('[data-text]'))
    element.textContent = textAt(texts(), element.getAttribute('data-text') ?? '');
  const languages = part(page, '#languages');
  languages.setAttribute('aria-label', texts().language);
  for (const button of languages.querySelectorAll('button'))
    button.setAttribute('aria-pressed', String(button.value === language));
  if (uppies) setLanguage(uppies.chooser, language);
  drawSession();
  list.draw();
  followBusy();
}

part(page, '#languages').addEventListener('click', (event) => {
  const chosen = event.target instanceof HTMLButtonElement ? event.target.value : '';
  if (chosen !== 'en' && chosen !== 'zh') return;
  language = chosen;
  try {
    localStorage.setItem(REMEMBERED_LANGUAGE, chosen);
  } catch {
    // storage may be forbidden: the choice lasts until the page is closed
  }
  drawTexts();
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

function drawSession() {
  const error = session.errorText(texts());
  const signInText = session.signInText(texts());
  part(page, '#trouble').hidden = !error || !part(page, '#too-old').hidden; // one reason is enough
  part(page, '#trouble-text').textContent = error;
  part(page, '#sign-in').hidden = !session.signingIn;
  part(page, '#sign-in-trouble').textContent = signInText;
  part(page, '#token').setAttribute('aria-invalid', String(session.error !== null && signInText !== ''));
  part(page, '.top').classList.toggle('signed-in', session.signIn.signedIn);
  part(page, '#sign-out').hidden = !session.signIn.signedIn;
  part(page, '#dashboard').hidden = session.settings === null;
  part(page, '#limits').textContent = session.limitsText(texts());
}

part(page, '#trouble-retry').addEventListener('click', async () => {
  if (session.error?.missing === 'page') return location.reload();
  await session.load();
  if (session.error) part(page, '#trouble-retry').focus();
});

part(page, '#sign-in').addEventListener('submit', async (event) => {
  event.preventDefault();
  const field = /** @type {HTMLInputElement} */ (part(page, '#token'));
  if (!(await session.signInWith(field.value))) return;
  field.value = '';
  announce(texts().signIn.done);
  part(page, uploads.busy ? '#uploads-heading' : '#dashboard button').focus(); // while busy that button cancels all
});

part(page, '#sign-out').addEventListener('click', async () => {
  await unfinished?.clear();
  location.reload(); // the token was in memory only
});

// ---- The browser's window

/** @type {ReturnType<typeof setInterval> | undefined} */
let ticking;

function followBusy() {
  busyWindow.show({
    title: titleText(uploads, texts()),
    isSending: uploads.moving,
    wouldLose: uploads.items.some(
      ({ now, file }) => isBusy(now.state) && !isKept(/** @type {File} */ (file.data)),
    ),
  });
  if (uploads.busy) ticking ??= setInterval(() => uploads.tick(), TICK_MS);
  else {
    clearInterval(ticking);
    ticking = undefined;
  }
}

/** @param {File} file @returns {boolean} whether its upload can go on when the page is opened again */
function isKept(file) {
  return unfinished?.keeps(file) ?? false;
}

document.addEventListener('visibilitychange', () => {
  followBusy();
  if (document.visibilityState === 'visible') void offerUnfinished(); // another tab may have left or finished some
});

for (const type of ['dragover', 'drop']) {
  addEventListener(type, (event) => {
    const files = event instanceof DragEvent && event.dataTransfer?.types.includes('Files');
    if (files) event.preventDefault(); // also before files can be chosen: the browser would open the file instead
  });
}

addEventListener('online', () => list.draw());
addEventListener('offline', () => list.draw());

drawTexts();
void session.load().then(() => part(page, '#not-opened').remove());
