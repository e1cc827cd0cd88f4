/**
 * The page: connects settings, sign-in, texts, Dashboard and list of uploads with the document.
 */
import './page.css';
import { browserTransport } from '../lib/upload.js';
import { openDashboard, setLanguage } from './dashboard.js';
import { part } from './dom.js';
import { retry, setLimits } from './files.js';
import { UploadList } from './list.js';
import { Session } from './session.js';
import { readSettings } from './settings.js';
import { TEXTS, firstLanguage, textAt } from './texts/languages.js';
import { Uploads } from './uploads.js';
import './uppy-theme.css';

const REMEMBERED_LANGUAGE = 'language';
const TICK_MS = 1_000;

const page = part(document, 'body');

let language = firstLanguage(remembered(), navigator.languages);
/** @type {import('./files.js').PageUppy | null} */
let uppy = null;

const session = new Session((headers) => readSettings(browserTransport.get, location.href, headers), {
  onSettings: (settings) => {
    if (uppy) setLimits(uppy, settings.limits, uploads);
    else uppy = openDashboard(part(page, '#dashboard'), settings, language, uploads, session.signIn);
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
  followBusy();
});
const list = new UploadList(part(page, '#uploads'), uploads, {
  context: () =>
    session.settings && {
      texts: texts(),
      limits: session.settings.limits,
      offline: !navigator.onLine,
      signingIn: session.signingIn,
    },
  announce,
  cancel: ({ file }) => uppy?.removeFile(file.id),
  retry: (item) => uppy && retry(uppy, item),
});

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
  if (uppy) setLanguage(uppy, language);
  drawSession();
  list.draw();
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

part(page, '#sign-out').addEventListener('click', () => location.reload()); // the token was in memory only

// ---- The browser's window

/** @param {BeforeUnloadEvent} event */
const warn = (event) => event.preventDefault();

/** @type {ReturnType<typeof setInterval> | undefined} */
let ticking;

function followBusy() {
  if (uploads.busy) {
    addEventListener('beforeunload', warn);
    ticking ??= setInterval(() => uploads.tick(), TICK_MS);
  } else {
    removeEventListener('beforeunload', warn);
    clearInterval(ticking);
    ticking = undefined;
  }
}

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
