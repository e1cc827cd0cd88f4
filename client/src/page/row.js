/**
 * Draws one row of the list from its item. No decisions: the texts come from wording.js. File names and replies are
 * set as text, never as HTML.
 */
import { part } from './dom.js';
import { canPause, canRetry, isBusy } from './uploads.js';
import {
  extensionText,
  factsIn,
  linksIn,
  pathText,
  problemText,
  progressOf,
  removeText,
  retryText,
  shownState,
  stateText,
  technicalTexts,
  valueText,
} from './wording.js';

/** @import { Texts } from './texts/languages.js' */
/** @import { Item } from './uploads.js' */
/** @import { Context } from './wording.js' */

/** @param {Item} item @returns {HTMLElement} */
export function createRow(item) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById('row'));
  const row = part(/** @type {DocumentFragment} */ (template.content.cloneNode(true)), '.upload');
  row.dataset['id'] = String(item.id);
  part(row, '.name bdi').textContent = pathText(item.file);
  part(row, '.name').title = pathText(item.file);
  part(row, '.kind').textContent = extensionText(item.file);
  const { preview } = item.file;
  if (preview)
    part(row, '.kind').replaceChildren(
      Object.assign(document.createElement('img'), { src: preview, alt: '' }),
    );
  return row;
}

/** @param {HTMLElement} row @param {Item} item @param {Context} context */
export function drawRow(row, item, context) {
  const { texts } = context;
  const hadFocus = row.contains(document.activeElement);
  row.dataset['state'] = shownState(item);
  part(row, '[data-testid=state]').textContent = stateText(item, context);
  drawProgress(row, item);
  drawActions(row, item, texts);
  drawFailure(row, item, context);
  drawReply(row, item, texts);
  const hasFocus = row.contains(document.activeElement) && !document.activeElement?.closest('[hidden]');
  if (hadFocus && !hasFocus) row.focus(); // the focused button has just been hidden
}

/** @param {HTMLElement} row @param {Item} item */
function drawProgress(row, item) {
  const bar = /** @type {HTMLProgressElement} */ (part(row, 'progress'));
  const share = progressOf(item);
  bar.hidden = !isBusy(item.now.state) && item.now.state !== 'unfinished';
  bar.setAttribute('aria-label', item.file.name);
  if (share === null) bar.removeAttribute('value');
  else bar.value = share;
}

/** @param {HTMLElement} row @param {Item} item @param {Texts} texts */
function drawActions(row, item, texts) {
  const busy = isBusy(item.now.state);
  const mayRetry = canRetry(item) || item.now.state === 'unfinished';
  row.classList.toggle('two-actions', mayRetry || canPause(item));
  const { name } = item.file;
  for (const [action, isShown, text] of /** @type {const} */ ([
    ['pause', canPause(item), item.isPaused ? texts.resume : texts.pause],
    ['cancel', busy, texts.cancel],
    ['retry', mayRetry, retryText(item, texts)],
    ['remove', !busy, removeText(item, texts)],
  ]))
    drawAction(row, action, isShown, text, texts.aboutFile(text, name));
}

/**
 * @param {HTMLElement} row
 * @param {string} action
 * @param {boolean} shown
 * @param {string} text
 * @param {string} label
 */
function drawAction(row, action, shown, text, label) {
  const button = part(row, `[data-action=${action}]`);
  button.hidden = !shown;
  button.textContent = text;
  button.setAttribute('aria-label', label);
}

/** @param {HTMLElement} row @param {Item} item @param {Context} context */
function drawFailure(row, item, context) {
  const { texts } = context;
  const problem = problemText(item, context);
  const technical = technicalTexts(item);
  part(row, '.failure').hidden = !problem || shownState(item) === 'aborted';
  part(row, '[data-testid=sentence]').textContent = problem;
  drawText(row, '.said', technical?.message ?? '');
  part(row, '.codes').hidden = !technical;
  if (!technical) return;
  part(row, '[data-testid=code]').textContent = technical.codes;
  part(row, '.request').hidden = !technical.requestId;
  part(row, '.request-label').textContent = texts.requestId;
  part(row, '[data-testid=request-id]').textContent = technical.requestId;
  drawCopy(row, 'copy-request', texts, texts.copy, `${texts.copy} ${texts.requestId}`);
}

/** @param {HTMLElement} row @param {Item} item @param {Texts} texts */
function drawReply(row, { now, file }, texts) {
  part(row, '.arrived').hidden = now.state !== 'done';
  if (now.state !== 'done') return;
  part(row, '.facts').replaceChildren(
    ...factsIn(now.result).flatMap(({ name, text }) => [
      textElement('dt', texts.facts[name]),
      textElement('dd', text, `fact-${name}`),
    ]),
  );
  drawLinks(row, linksIn(now.result), file, texts);
  part(row, 'summary').textContent = texts.answer;
  const reply = part(row, 'pre');
  reply.textContent = valueText(now.result);
  reply.setAttribute('aria-label', texts.aboutFile(texts.answer, file.name));
  drawCopy(row, 'copy-answer', texts, texts.copyAnswer, texts.aboutFile(texts.copyAnswer, file.name));
}

/**
 * @param {HTMLElement} row
 * @param {ReturnType<typeof linksIn>} links
 * @param {Item['file']} file
 * @param {Texts} texts
 */
function drawLinks(row, { url, picture }, file, texts) {
  part(row, '.links').hidden = !url;
  if (!url) return;
  const open = /** @type {HTMLAnchorElement} */ (part(row, '[data-testid=open]'));
  Object.assign(open, { href: url, textContent: texts.open });
  open.setAttribute('aria-label', texts.aboutFile(texts.open, file.name));
  drawCopy(row, 'copy-link', texts, texts.copyLink, texts.aboutFile(texts.copyLink, file.name));
  const image = /** @type {HTMLImageElement} */ (part(row, '.preview'));
  image.hidden = !picture;
  if (picture && image.src !== picture) Object.assign(image, { src: picture, alt: texts.preview(file.name) });
}

/**
 * @param {HTMLElement} row
 * @param {string} action
 * @param {Texts} texts
 * @param {string} text
 * @param {string} label
 */
function drawCopy(row, action, texts, text, label) {
  const copied = part(row, `[data-action=${action}]`).dataset['copied'] !== undefined;
  drawAction(row, action, true, copied ? texts.copied : text, copied ? texts.copied : label);
}

/** @param {HTMLElement} row @param {string} selector @param {string} text  hidden when empty */
function drawText(row, selector, text) {
  part(row, selector).textContent = text;
  part(row, selector).hidden = !text;
}

/** @param {string} name @param {string} text @param {string} [testId] */
function textElement(name, text, testId) {
  const element = document.createElement(name);
  element.textContent = text;
  if (testId) element.dataset['testid'] = testId;
  return element;
}
