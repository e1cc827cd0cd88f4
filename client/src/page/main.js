/**
 * The page: wires its settings, sign-in, words, Dashboard and list of uploads together. What it does with files is in
 * dashboard.js, what the protocol does in upload.js.
 */
import './page.css';
import { limit, openDashboard, retry, speak } from './dashboard.js';
import './uppy-theme.css';
import { Rows } from './list.js';
import { SettingsError, readSettings } from './settings.js';
import { SignIn, bearer, tokenIn } from './sign-in.js';
import { TEXTS, firstLanguage, sentenceFor } from './texts/languages.js';
import { browserTransport } from '../lib/upload.js';
import { Uploads } from './uploads.js';
import { part } from './row.js';

const REMEMBERED_LANGUAGE = 'language';
const TICK_MS = 1_000;

const page = part(document, 'body');

let language = firstLanguage(remembered(), navigator.languages);
/** @type {import('./settings.js').Settings | null} */
let settings = null;
/** @type {SettingsError | null} what keeps the page from working */
let trouble = null;
let signingIn = false;
let asked = 0;
/** @type {import('./dashboard.js').PageUppy | null} */
let uppy = null;

const signIn = new SignIn(() => showSignIn(true));
const uploads = new Uploads((item) => {
  rows.update(item);
  followBusy();
});
const rows = new Rows(part(page, '#uploads'), uploads, {
  around: () =>
    settings && { texts: texts(), limits: settings.limits, offline: !navigator.onLine, signingIn },
  announce,
  cancel: ({ file }) => uppy?.removeFile(file.id),
  retry: ({ file }) => uppy && retry(uppy, file),
});

// ---- Words

/** @param {string} words  for screen readers, in passing */
function announce(words) {
  part(page, '#announcer').textContent = words;
}

function texts() {
  return TEXTS[language];
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
  if (uppy) speak(uppy, language);
  drawSettings();
  rows.draw();
}

/** @param {string} path  such as `signIn.go` @returns {string | null} */
function wordsAt(path) {
  /** @type {unknown} */
  let found = texts();
  for (const name of path.split('.')) found = /** @type {Record<string, unknown>} */ (found)[name];
  return typeof found === 'string' ? found : null;
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

/** @param {string | null} [token]  one to sign in with */
async function loadSettings(token = null) {
  trouble = null;
  drawSettings();
  asked += 1;
  const turn = asked;
  try {
    const headers = token ? bearer(token) : signIn.headers;
    const read = await readSettings(browserTransport.get, location.href, headers);
    if (turn !== asked) return; // somebody was quicker to ask again
    settings = read;
    if (token) signIn.take(token);
    showSignIn(false);
    if (uppy) limit(uppy, settings.limits, uploads);
    else uppy = openDashboard(part(page, '#dashboard'), settings, language, uploads, signIn);
  } catch (error) {
    if (turn !== asked) return;
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
  rows.draw();
  part(page, '#sign-in').scrollIntoView({ block: 'nearest' });
  if (shown && !uploads.busy) part(page, '#token').focus();
}

function drawSettings() {
  const broken = trouble && trouble.part !== 'sign_in' ? trouble.part : null;
  part(page, '#trouble').hidden = broken === null;
  part(page, '#trouble-text').textContent = broken ? texts().trouble[broken] : '';
  part(page, '#sign-in').hidden = !signingIn;
  part(page, '#sign-in-trouble').textContent = signingIn ? signInTrouble() : '';
  part(page, '#token').setAttribute(
    'aria-invalid',
    String(signingIn && trouble !== null && signInTrouble() !== ''),
  );
  part(page, '#sign-out').hidden = !signIn.signedIn;
  part(page, '#dashboard').hidden = settings === null;
  part(page, '#limits').textContent = settings
    ? texts().limits(settings.limits)
    : trouble
      ? ''
      : texts().loading;
}

/** @returns {string} */
function signInTrouble() {
  if (trouble?.code === 'another_user') return texts().signIn.anotherUser;
  if (trouble?.code && trouble.code !== 'token_missing') return sentenceFor(texts(), trouble.code, 401);
  return signIn.signedIn ? texts().signIn.expired : '';
}

part(page, '#trouble-retry').addEventListener('click', async () => {
  await loadSettings();
  if (trouble) part(page, '#trouble-retry').focus();
});

part(page, '#sign-in').addEventListener('submit', async (event) => {
  event.preventDefault();
  const field = /** @type {HTMLInputElement} */ (part(page, '#token'));
  const token = tokenIn(field.value);
  if (token && !signIn.isAnothers(token)) {
    await loadSettings(token);
  } else {
    trouble = new SettingsError('sign_in', 'not sent', token ? 'another_user' : 'token_invalid');
    drawSettings();
  }
  if (signingIn) return;
  field.value = '';
  announce(texts().signIn.done);
  part(page, uploads.busy ? '#uploads-heading' : '#dashboard button').focus(); // whose first one cancels them
});

part(page, '#sign-out').addEventListener('click', () => location.reload()); // which forgets the token

// ---- Around the page

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
    if (files) event.preventDefault(); // before files can be chosen, too: the browser would leave the page for one
  });
}

addEventListener('online', () => rows.draw());
addEventListener('offline', () => rows.draw());

drawWords();
void loadSettings();
