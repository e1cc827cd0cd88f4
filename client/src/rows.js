/**
 * The list of uploads on the page: a row for each item, what its buttons do, and what is said aloud of it.
 */
import { createRow, drawRow, part, shownState, stateInWords, troubleInWords } from './view.js';

/** @import { Item, Uploads } from './uploads.js' */
/** @import { Surroundings } from './view.js' */

/**
 * @typedef {Object} Page  What the list needs of the page around it.
 * @property {() => Surroundings | null} around  null until files can be chosen
 * @property {(words: string) => void} announce  for screen readers, in passing
 * @property {(item: Item) => void} cancel
 * @property {(item: Item) => void} retry
 */

const COPIED_MS = 2_000;
const ANNOUNCED = new Set(['confirming', 'done', 'failed', 'not_confirmed', 'refused', 'aborted']);

export class Rows {
  /** @type {WeakMap<Item, HTMLElement>} */
  #rows = new WeakMap();

  /** @param {HTMLElement} section  the part of the document @param {Uploads} uploads @param {Page} page */
  constructor(section, uploads, page) {
    this.section = section;
    this.uploads = uploads;
    this.page = page;
    this.list = part(section, 'ul');
    this.list.addEventListener('click', (event) => this.#press(event));
  }

  /** @param {Item} item  that is new or has changed */
  update(item) {
    const around = this.page.around();
    if (!around) return;
    const row = this.#rows.get(item) ?? this.#add(item);
    const before = row.dataset['state'];
    drawRow(row, item, around);
    const now = shownState(item);
    if (now !== before && ANNOUNCED.has(now)) this.#announce(item, around);
    if (now === 'done' && before !== 'done' && this.uploads.items.length === 1)
      part(row, 'details').setAttribute('open', '');
    this.#drawTally(around);
  }

  /** All of them anew: the words have changed, or what is around them. */
  draw() {
    const around = this.page.around();
    if (!around) return;
    for (const item of this.uploads.items) {
      const row = this.#rows.get(item);
      if (row) drawRow(row, item, around);
    }
    this.#drawTally(around);
  }

  /** @param {Item} item @returns {HTMLElement} */
  #add(item) {
    const row = createRow(item);
    this.#rows.set(item, row);
    this.list.append(row);
    return row;
  }

  /** @param {Surroundings} around */
  #drawTally({ texts }) {
    const { items } = this.uploads;
    const done = items.filter(({ now }) => now.state === 'done').length;
    this.section.hidden = items.length === 0;
    part(this.section, '[data-testid=tally]').textContent = texts.tally(done, items.length);
  }

  /** @param {Item} item @param {Surroundings} around */
  #announce(item, around) {
    const why = shownState(item) === 'aborted' ? '' : troubleInWords(item, around);
    const said = [stateInWords(item, around), why].filter(Boolean).join(' ');
    this.page.announce(around.texts.announce(item.file.name, said));
  }

  /** @param {MouseEvent} event */
  #press({ target }) {
    const button = target instanceof Element ? target.closest('button') : null;
    const row = button?.closest('li');
    const item = this.uploads.items.find(({ id }) => String(id) === row?.dataset['id']);
    if (!button || !row || !item) return;
    switch (button.dataset['action']) {
      case 'cancel':
        return this.page.cancel(item);
      case 'retry':
        return this.page.retry(item);
      case 'remove':
        return this.#remove(item, row);
      case 'copy-request':
        return void this.#copy(part(row, '[data-testid=request-id]'), button, item);
      case 'copy-answer':
        return void this.#copy(part(row, '[data-testid=answer]'), button, item);
    }
  }

  /** @param {Item} item @param {HTMLElement} row */
  #remove(item, row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    this.uploads.remove(item);
    row.remove();
    const top = part(document, 'h1'); // the list is empty; a keyboard would start over before it
    (next instanceof HTMLElement ? next : top).focus();
    this.draw();
  }

  /** @param {HTMLElement} source @param {HTMLElement} button @param {Item} item */
  async #copy(source, button, item) {
    try {
      await navigator.clipboard.writeText(source.textContent ?? '');
    } catch {
      getSelection()?.selectAllChildren(source); // no clipboard on plain http: leave it selected for Ctrl+C
      return;
    }
    button.dataset['copied'] = '';
    this.update(item);
    this.page.announce(this.page.around()?.texts.copied ?? '');
    setTimeout(() => {
      delete button.dataset['copied'];
      this.update(item);
    }, COPIED_MS);
  }
}
