/**
 * What an upload looks like: one list row, drawn anew from its item. No network and no decisions of its own.
 * File names and answers are only ever text here.
 */
import { sizeInWords } from './texts/formatting.js';
import { sentenceFor } from './texts/languages.js';
import { isBusy } from './uploads.js';

/** @import { Item } from './uploads.js' */
/** @import { Texts } from './texts/languages.js' */

/**
 * @typedef {Object} Surroundings
 * @property {Texts} texts
 * @property {import('./settings.js').Limits} limits
 * @property {boolean} offline
 * @property {boolean} signingIn  whether uploads wait for somebody to sign in again
 */

const ANSWER_MAX = 100_000; // characters: more than anybody reads, and than a page draws at once
const TURNS = /[\u202a-\u202e\u2066-\u2069]/g; // would let a name read backwards: exe.png
const FACTS = /** @type {const} */ (['key', 'size', 'etag', 'type']);

/** @param {Item} item @returns {HTMLElement} */
export function createRow(item) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById('row'));
  const row = part(/** @type {DocumentFragment} */ (template.content.cloneNode(true)), '.upload');
  row.dataset['id'] = String(item.id);
  const path = (item.file.meta.relativePath || item.file.name).replace(TURNS, '\ufffd');
  part(row, '.name bdi').textContent = path;
  part(row, '.name').title = path;
  part(row, '.kind').textContent = /\.([a-z0-9]{1,4})$/i.exec(item.file.name)?.[1]?.toUpperCase() ?? '';
  return row;
}

/** @param {HTMLElement} row @param {Item} item @param {Surroundings} around */
export function drawRow(row, item, around) {
  const { texts } = around;
  const focused = row.contains(document.activeElement);
  row.dataset['state'] = shownState(item);
  part(row, '[data-testid=state]').textContent = stateInWords(item, around);
  drawProgress(row, item);
  drawActions(row, item, around);
  drawFailure(row, item, around);
  drawArrived(row, item, texts);
  const kept = row.contains(document.activeElement) && !document.activeElement?.closest('[hidden]');
  if (focused && !kept) row.focus(); // its button has just gone
}

/**
 * The state that styles and tests go by: `failed` is told apart where people would act differently.
 *
 * @param {Item} item
 */
export function shownState({ now }) {
  if (now.state !== 'failed') return now.state;
  return now.code === 'aborted' || now.code === 'not_confirmed' ? now.code : 'failed';
}

/** @param {Item} item @param {Surroundings} around @returns {string} */
export function stateInWords({ now, again, bytesPerSecond, file, error }, { texts, offline, signingIn }) {
  const { states } = texts;
  if (offline && isBusy(now.state)) return states.offline;
  if (signingIn && now.state === 'signing') return states.signIn;
  switch (now.state) {
    case 'signing':
      return again ? states.signingAgain : states.signing;
    case 'sending':
      return now.loaded === now.total && now.total > 0
        ? states.answering
        : sendingInWords(now, bytesPerSecond, states);
    case 'done':
      return `${states.done} · ${sizeInWords(file.size ?? 0)}`;
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

/**
 * @param {Item} item
 * @param {Surroundings} around
 * @returns {string} why it did not end well, in a sentence
 */
export function troubleInWords({ now, file }, { texts, limits }) {
  if (now.state === 'failed') return sentenceFor(texts, now.code, now.status);
  if (now.state !== 'refused') return '';
  switch (now.why) {
    case 'too_large':
      return texts.refused.too_large(file.size ?? 0, limits);
    case 'type_not_allowed':
      return texts.refused.type_not_allowed(file.type, limits);
    case 'duplicate':
      return texts.refused.duplicate;
    case 'unconfirmed':
      return texts.refused.unconfirmed;
  }
}

/**
 * @param {{loaded: number, total: number}} sent
 * @param {number | null} bytesPerSecond
 * @param {Texts['states']} states
 */
function sendingInWords({ loaded, total }, bytesPerSecond, states) {
  const sent = [`${percent(loaded, total)}%`, states.sending(sizeInWords(loaded), sizeInWords(total))];
  return [...sent, ...paceInWords(bytesPerSecond, total - loaded, states)].join(' · ');
}

/**
 * @param {number | null} bytesPerSecond
 * @param {number} bytesLeft
 * @param {Texts['states']} states
 * @returns {string[]} speed and time left; none when nothing moves
 */
export function paceInWords(bytesPerSecond, bytesLeft, states) {
  if (!bytesPerSecond) return [];
  return [states.speed(sizeInWords(bytesPerSecond)), states.timeLeft(Math.ceil(bytesLeft / bytesPerSecond))];
}

/** @param {HTMLElement} row @param {Item} item */
function drawProgress(row, { now, file }) {
  const bar = /** @type {HTMLProgressElement} */ (part(row, 'progress'));
  bar.hidden = !isBusy(now.state);
  bar.setAttribute('aria-label', file.name);
  const known =
    now.state === 'sending' && now.loaded < now.total
      ? now.loaded / now.total
      : now.state === 'waiting'
        ? 0
        : null;
  if (known === null)
    bar.removeAttribute('value'); // under way, nobody knows how far
  else bar.value = known;
}

/** @param {HTMLElement} row @param {Item} item @param {Surroundings} around */
function drawActions(row, { now, file }, { texts }) {
  const busy = isBusy(now.state);
  const retry = now.state === 'failed' && now.code === 'not_confirmed' ? texts.askAgain : texts.tryAgain;
  drawAction(row, 'cancel', busy, texts.cancel, texts.aboutFile(texts.cancel, file.name));
  drawAction(row, 'retry', now.state === 'failed' && now.retryable, retry, texts.aboutFile(retry, file.name));
  drawAction(row, 'remove', !busy, texts.remove, texts.aboutFile(texts.remove, file.name));
}

/**
 * @param {HTMLElement} row
 * @param {string} action
 * @param {boolean} shown
 * @param {string} words
 * @param {string} label
 */
function drawAction(row, action, shown, words, label) {
  const button = part(row, `[data-action=${action}]`);
  button.hidden = !shown;
  button.textContent = words;
  button.setAttribute('aria-label', label);
}

/** @param {HTMLElement} row @param {Item} item @param {Surroundings} around */
function drawFailure(row, item, around) {
  const { now, error } = item;
  const sentence = troubleInWords(item, around);
  const quiet = now.state !== 'failed' || now.code === 'aborted';
  part(row, '.failure').hidden = !sentence || shownState(item) === 'aborted';
  part(row, '[data-testid=sentence]').textContent = sentence;
  drawText(row, '.said', quiet || !error || error.message === error.code ? '' : error.message);
  part(row, '.codes').hidden = quiet;
  if (quiet) return;
  const codes = [now.code, now.status || '', error?.ec ? `EC ${error.ec}` : ''];
  part(row, '[data-testid=code]').textContent = codes.filter(Boolean).join(' · ');
  part(row, '.request').hidden = !now.requestId;
  part(row, '.request-label').textContent = around.texts.requestId;
  part(row, '[data-testid=request-id]').textContent = now.requestId;
  drawCopy(
    row,
    'copy-request',
    around.texts,
    around.texts.copy,
    `${around.texts.copy} ${around.texts.requestId}`,
  );
}

/** @param {HTMLElement} row @param {Item} item @param {Texts} texts */
function drawArrived(row, { now, file }, texts) {
  part(row, '.arrived').hidden = now.state !== 'done';
  if (now.state !== 'done') return;
  const { result } = now;
  part(row, '.facts').replaceChildren(
    ...FACTS.filter((fact) => fact in result).flatMap((fact) => {
      const value = result[fact];
      const shown =
        fact === 'size' && typeof value === 'number' ? `${value.toLocaleString('en')} B` : inWords(value);
      return [textElement('dt', texts.facts[fact]), textElement('dd', shown, `fact-${fact}`)];
    }),
  );
  part(row, 'summary').textContent = texts.answer;
  const answer = part(row, 'pre');
  answer.textContent = inWords(result);
  answer.setAttribute('aria-label', texts.aboutFile(texts.answer, file.name));
  drawCopy(row, 'copy-answer', texts, texts.copyAnswer, texts.aboutFile(texts.copyAnswer, file.name));
}

/**
 * @param {HTMLElement} row
 * @param {string} action
 * @param {Texts} texts
 * @param {string} words
 * @param {string} label
 */
function drawCopy(row, action, texts, words, label) {
  const copied = part(row, `[data-action=${action}]`).dataset['copied'] !== undefined;
  drawAction(row, action, true, copied ? texts.copied : words, copied ? texts.copied : label);
}

/** @param {HTMLElement} row @param {string} selector @param {string} text  hidden when empty */
function drawText(row, selector, text) {
  part(row, selector).textContent = text;
  part(row, selector).hidden = !text;
}

/** @param {unknown} value  whatever a hook or a backend may have answered @returns {string} */
function inWords(value) {
  if (typeof value === 'string') return value;
  try {
    const text = JSON.stringify(value, null, 2);
    return text.length > ANSWER_MAX ? `${text.slice(0, ANSWER_MAX)}…` : text;
  } catch {
    return '…'; // nested too deeply
  }
}

/** @param {string} name @param {string} text @param {string} [testId] */
function textElement(name, text, testId) {
  const element = document.createElement(name);
  element.textContent = text;
  if (testId) element.dataset['testid'] = testId;
  return element;
}

/** @param {number} loaded @param {number} total */
function percent(loaded, total) {
  return total ? Math.floor((loaded / total) * 100) : 0;
}

/**
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement} one that the page is known to have
 */
export function part(root, selector) {
  const found = root.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`the page lacks ${selector}`);
  return found;
}
