/**
 * The list of uploads on the page: a row for each item, what its buttons do, and what is said aloud of it.
 */
import { isBusy } from './uploads.js';
import { createRow, drawRow, paceInWords, part, shownState, stateInWords, troubleInWords } from './row.js';

/** @import { Item, Uploads } from './uploads.js' */
/** @import { Surroundings } from './row.js' */

/**
 * @typedef {Object} Page  What the list needs of the page around it.
 * @property {() => Surroundings | null} around  null until files can be chosen
 * @property {(words: string) => void} announce  for screen readers, in passing
 * @property {(item: Item) => void} cancel
 * @property {(item: Item) => void} retry
 */

const COPIED_MS = 2_000;
const ANNOUNCE_MS = 1_000; // what happens within it is said in one sentence: nobody can listen to sixty
const ANNOUNCED = new Set(['confirming', 'done', 'failed', 'not_confirmed', 'refused', 'aborted']);

export class Rows {
  /** @type {WeakMap<Item, HTMLElement>} */
  #rows = new WeakMap();
  /** @type {Set<Item>} to be announced */
  #news = new Set();

  /** @param {HTMLElement} section  the part of the document @param {Uploads} uploads @param {Page} page */
  constructor(section, uploads, page) {
    this.section = section;
    this.uploads = uploads;
    this.page = page;
    this.list = part(section, 'ul');
    this.list.addEventListener('click', (event) => this.#press(event));
    part(section, '#clear').addEventListener('click', () => this.#clear());
  }

  /** @param {Item} item  that is new or has changed */
  update(item) {
    const around = this.page.around();
    if (!around) return;
    const row = this.#rows.get(item) ?? this.#add(item);
    const before = row.dataset['state'];
    drawRow(row, item, around);
    const now = shownState(item);
    if (now !== before && ANNOUNCED.has(now)) this.#announceSoon(item);
    if (now === 'refused' && !before) row.scrollIntoView({ block: 'nearest' }); // where it was chosen nothing shows it
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
    const { items, pace } = this.uploads;
    const done = items.filter(({ now }) => now.state === 'done').length;
    const ended = items.filter(({ now }) => !isBusy(now.state)).length;
    this.section.hidden = items.length === 0;
    part(this.section, '#clear').hidden = ended < 2;
    part(this.section, '#tally').textContent = [
      texts.tally(done, items.length),
      ...paceInWords(pace.bytesPerSecond, pace.bytesLeft, texts.states),
    ].join(' · ');
  }

  /** @param {Item} item */
  #announceSoon(item) {
    if (this.#news.size === 0) setTimeout(() => this.#announce(), ANNOUNCE_MS);
    this.#news.add(item);
  }

  #announce() {
    const around = this.page.around();
    const items = [...this.#news];
    this.#news.clear();
    const [item] = items;
    if (!around || !item) return;
    const { texts } = around;
    if (items.length > 1) {
      const shown = items.map(shownState); // where cancelled and not confirmed are no failures
      const done = shown.filter((state) => state === 'done').length;
      const bad = shown.filter((state) => state === 'failed' || state === 'refused').length;
      return this.page.announce(texts.announceMany(done, bad, items.length - done - bad));
    }
    const why = shownState(item) === 'aborted' ? '' : troubleInWords(item, around);
    this.page.announce(texts.announce(item.file.name, stateInWords(item, around), why));
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
        return item.now.state === 'failed' ? this.page.retry(item) : undefined; // pressed twice at once
      case 'remove':
        return this.#remove(item, row);
      case 'copy-request':
        return void this.#copy(part(row, '[data-testid=request-id]'), button, item);
      case 'copy-answer':
        return void this.#copy(part(row, '[data-testid=answer]'), button, item);
    }
  }

  #clear() {
    for (const item of [...this.uploads.items]) {
      this.uploads.remove(item);
      if (!this.uploads.items.includes(item)) this.#rows.get(item)?.remove();
    }
    part(document, 'h1').focus();
    this.draw();
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
