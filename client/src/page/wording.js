/**
 * What the list shows of an upload, as texts: state, problem, codes, reply. No DOM.
 */
import { sizeInWords } from './texts/formatting.js';
import { sentenceFor } from './texts/languages.js';
import { QUIET_MS, canPause } from './uploads.js';

/** @import { Limits } from './settings.js' */
/** @import { Texts } from './texts/languages.js' */
/** @import { ChosenFile, Item, Uploads } from './uploads.js' */

/**
 * @typedef {Object} Context  What a row's texts depend on beside its item.
 * @property {Texts} texts
 * @property {Limits} limits
 * @property {boolean} offline
 * @property {boolean} signingIn  whether uploads wait until the user has signed in again
 */

const REPLY_MAX = 100_000; // characters: nobody reads more, and drawing more would block the page
const TURNS = /[\u202a-\u202e\u2066-\u2069]/g; // turn the reading direction: exe.png for gnp.exe
const FACTS = /** @type {const} */ (['key', 'size', 'etag', 'type']);

/**
 * The state that styles and tests use: as the item's, but some failures are no problem, or another one.
 *
 * @param {Item} item
 */
export function shownState(item) {
  const { now } = item;
  if (item.isPaused && canPause(item)) return 'paused';
  if (now.state !== 'failed') return now.state;
  return now.code === 'aborted' || now.code === 'not_confirmed' ? now.code : 'failed';
}

/** @param {ChosenFile} file @returns {string} with its folder, if it came with one */
export function pathText({ name, meta }) {
  return (meta.relativePath || name).replace(TURNS, '\ufffd');
}

/** @param {ChosenFile} file @returns {string} such as PNG */
export function extensionText({ name }) {
  return /\.([a-z0-9]{1,4})$/i.exec(name)?.[1]?.toUpperCase() ?? '';
}

/** @param {Item} item @param {Context} context @returns {string} */
export function stateText(item, { texts, offline, signingIn }) {
  const { now, loaded, bytesPerSecond, file, error } = item;
  const { states } = texts;
  const soFar = sentTexts(loaded, file.size ?? 0, states);
  if (shownState(item) === 'paused') return [states.paused, ...soFar].join(' · ');
  if (signingIn && now.state === 'signing') return states.signIn;
  if (offline && needsNetwork(now, bytesPerSecond)) return states.offline;
  const slow = item.quietMs >= QUIET_MS;
  switch (now.state) {
    case 'signing':
    case 'checking':
    case 'confirming':
      return [workingText(item, states), ...(slow ? [states.longer] : [])].join(' · ');
    case 'sending':
      if (now.loaded === now.total && now.total > 0)
        return [states.answering, ...(slow ? [states.longer] : [])].join(' · ');
      return slow ? [...soFar, states.stalled].join(' · ') : sendingText(now, bytesPerSecond, states);
    case 'unfinished':
      return [states.unfinished, ...soFar].join(' · ');
    case 'done':
      return `${states.done} · ${sizeText(file, states)}`;
    case 'failed':
      return now.code === 'aborted'
        ? states.aborted
        : now.code === 'not_confirmed'
          ? error?.unconfirmed?.stored
            ? states.notConfirmed
            : states.notKnown
          : states.failed;
    default:
      return states[now.state];
  }
}

/** @param {ChosenFile} file @param {Texts['states']} states @returns {string} with what it was, if it was made smaller */
function sizeText({ size, meta }, { madeSmaller }) {
  const now = sizeInWords(size ?? 0);
  return meta.sizeBefore ? madeSmaller(sizeInWords(meta.sizeBefore), now) : now;
}

/** @param {Item} item @param {Texts['states']} states */
function workingText({ now, restarted, resumed }, states) {
  if (now.state !== 'signing') return now.state === 'checking' ? states.checking : states.confirming;
  return restarted ? states.signingAgain : resumed ? states.continuing : states.signing;
}

/**
 * Whether nothing moves that needs the network. What moves is shown as it is, also where the browser is wrong about
 * being offline.
 *
 * @param {Item['now']} now
 * @param {number | null} bytesPerSecond
 */
function needsNetwork(now, bytesPerSecond) {
  if (now.state === 'sending') return now.loaded < now.total && !bytesPerSecond;
  return now.state === 'signing' || now.state === 'confirming';
}

/** @param {number} loaded @param {number} total @param {Texts['states']} states @returns {string[]} */
function sentTexts(loaded, total, states) {
  return [percentText(total ? loaded / total : 0), states.sending(sizeInWords(loaded), sizeInWords(total))];
}

/** @param {number} share  of what is under way, or was stopped @returns {string} never 100%, which would look like the end */
function percentText(share) {
  return `${Math.min(99, Math.floor(share * 100))}%`;
}

/**
 * @param {{loaded: number, total: number}} sent
 * @param {number | null} bytesPerSecond
 * @param {Texts['states']} states
 */
function sendingText({ loaded, total }, bytesPerSecond, states) {
  return [...sentTexts(loaded, total, states), ...paceTexts(bytesPerSecond, total - loaded, states)].join(
    ' · ',
  );
}

/**
 * @param {number | null} bytesPerSecond
 * @param {number} bytesLeft
 * @param {Texts['states']} states
 * @returns {string[]} speed and time left; empty when nothing is sent
 */
function paceTexts(bytesPerSecond, bytesLeft, states) {
  if (!bytesPerSecond) return [];
  return [states.speed(sizeInWords(bytesPerSecond)), states.timeLeft(Math.ceil(bytesLeft / bytesPerSecond))];
}

/** @param {Pick<Uploads, 'counts' | 'pace'>} uploads @param {Texts} texts @returns {string} */
export function tallyText({ counts, pace }, { allUploaded, tally, states }) {
  if (counts.done === counts.all) return allUploaded;
  return [tally(counts.done, counts.all), ...paceTexts(pace.bytesPerSecond, pace.bytesLeft, states)].join(
    ' · ',
  );
}

/**
 * @param {Pick<Uploads, 'share' | 'moving'>} uploads
 * @param {Texts} texts
 * @returns {string} of the window: how far all uploads are together
 */
export function titleText({ share, moving }, { title, states }) {
  if (share === null) return title;
  return [percentText(share), ...(moving ? [] : [states.paused]), title].join(' · ');
}

/** @param {Uploads['pausable']} pausable @param {Texts} texts @returns {string} of the button for all; empty where it is no help */
export function pauseAllText(pausable, { pauseAll, resumeAll }) {
  if (pausable.length < 2) return '';
  return pausable.every(({ isPaused }) => isPaused) ? resumeAll : pauseAll;
}

/**
 * @param {Item} item
 * @returns {number | null} for its bar: the share that is sent; null while something goes on that has no measure
 */
export function progressOf(item) {
  const { now, loaded, file } = item;
  if (now.state === 'sending' && now.loaded < now.total) return now.loaded / now.total;
  const isAtRest = now.state === 'unfinished' || now.state === 'waiting' || shownState(item) === 'paused';
  return isAtRest ? loaded / (file.size || 1) : null;
}

/** @param {Item} item @param {Context} context @returns {string} why it failed or was refused, in a sentence */
export function problemText({ now, file }, { texts, limits }) {
  if (now.state === 'failed') return sentenceFor(texts, now.code, now.status);
  if (now.state === 'unfinished') return now.problem ? texts.unfinished[now.problem] : '';
  if (now.state !== 'refused') return '';
  switch (now.reason) {
    case 'too_large':
      return texts.refused.too_large(file.size ?? 0, limits);
    case 'type_not_allowed':
      return texts.refused.type_not_allowed(file.type);
    case 'duplicate':
      return texts.refused.duplicate;
    case 'unconfirmed':
      return texts.refused.unconfirmed;
  }
}

/** @param {Item} item @returns {{message: string, codes: string, requestId: string | null} | null} for a support case */
export function technicalTexts({ now, error }) {
  if (now.state !== 'failed' || now.code === 'aborted') return null;
  const codes = [now.code, now.status || '', error?.ec ? `EC ${error.ec}` : ''];
  return {
    message: !error || error.message === error.code ? '' : error.message,
    codes: codes.filter(Boolean).join(' · '),
    requestId: now.requestId,
  };
}

/** @param {Item} item @param {Texts} texts @returns {string} of the button that ends it, or what is left of it */
export function removeText({ now }, { discard, remove }) {
  return now.state === 'unfinished' ? discard : remove;
}

/** @param {Item} item @param {Texts} texts @returns {string} of its button: it may first ask for the file */
export function retryText({ now }, { askAgain, resume, tryAgain }) {
  if (now.state === 'unfinished') return resume;
  return now.state === 'failed' && now.code === 'not_confirmed' ? askAgain : tryAgain;
}

/** @param {Record<string, unknown>} result @returns {{name: typeof FACTS[number], text: string}[]} */
export function factsIn(result) {
  return FACTS.filter((name) => name in result).map((name) => {
    const value = result[name];
    const isSize = name === 'size' && typeof value === 'number';
    return { name, text: isSize ? `${value.toLocaleString('en')} B` : valueText(value) };
  });
}

/**
 * @param {Record<string, unknown>} result
 * @returns {{url: string | null, picture: string | null}} where the file, and a picture of it, can be read for some minutes
 */
export function linksIn({ url, images, type }) {
  const { thumb } = Object(images);
  const small = isWeb(thumb) ? thumb : null;
  const isPicture = typeof type === 'string' && type.startsWith('image/');
  return { url: isWeb(url) ? url : null, picture: small ?? (isWeb(url) && isPicture ? url : null) };
}

/** @param {unknown} value @returns {value is string} whether it may become a link: never `javascript:` */
function isWeb(value) {
  return typeof value === 'string' && /^https?:\/\//i.test(value);
}

/** @param {unknown} value  anything that a hook or a backend may have answered @returns {string} */
export function valueText(value) {
  if (typeof value === 'string') return value;
  try {
    const text = JSON.stringify(value, null, 2);
    return text.length > REPLY_MAX ? `${text.slice(0, REPLY_MAX)}…` : text;
  } catch {
    return '…'; // nested too deeply
  }
}

/**
 * @param {Item[]} items  that have changed in the last moment
 * @param {Context} context
 * @returns {string} for a screen reader
 */
export function announcementText(items, context) {
  const { texts } = context;
  const [item] = items;
  if (items.length === 1 && item) {
    const problem = shownState(item) === 'aborted' ? '' : problemText(item, context);
    return texts.announce(item.file.name, stateText(item, context), problem);
  }
  const shown = items.map(shownState); // an upload that is cancelled or not confirmed has not failed
  const done = shown.filter((state) => state === 'done').length;
  const bad = shown.filter((state) => state === 'failed' || state === 'refused').length;
  return texts.announceMany(done, bad, items.length - done - bad);
}
