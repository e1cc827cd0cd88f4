/**
 * The list of uploads: a row for each item, and what the rows' buttons do.
 */
import { part } from './dom.js';
import { Paced } from './paced.js';
import { Announcer, reactionsTo } from './reactions.js';
import { createRow, drawRow } from './row.js';
import { announcementText, pauseAllText, shownState, tallyText } from './wording.js';

/** @import { Texts } from './texts/languages.js' */
/** @import { Item, Uploads } from './uploads.js' */
/** @import { Context } from './wording.js' */

/**
 * @typedef {Object} Page  What the list needs of the page.
 * @property {() => Context | null} context  null until files can be chosen
 * @property {(text: string) => void} announce  for screen readers
 * @property {(item: Item) => void} pause  or go on
 * @property {() => void} pauseAll  or go on
 * @property {(item: Item) => void} cancel
 * @property {() => void} cancelAll
 * @property {(item: Item) => void} retry  or go on with what an earlier visit has left
 * @property {(item: Item) => void} discard  the user wants nothing more of it
 */

const COPIED_MS = 2_000;
const LONG = 10; // rows: more than can be seen, and too many to draw each change at once

export class UploadList {
  /** @type {WeakMap<Item, HTMLElement>} */
  #rows = new WeakMap();
  /** @type {Set<Item>} that are to be drawn */
  #changed = new Set();
  #drawing = new Paced(() => this.#drawChanged());
  #announcer = new Announcer((items) => this.#announce(items));

  /** @param {HTMLElement} section  of the document @param {Uploads} uploads @param {Page} page */
  constructor(section, uploads, page) {
    this.section = section;
    this.uploads = uploads;
    this.page = page;
    this.list = part(section, 'ul');
    this.list.addEventListener('click', (event) => this.#press(event));
    part(section, '#clear').addEventListener('click', () => this.#clear());
    part(section, '#pause-all').addEventListener('click', () => page.pauseAll());
    part(section, '#cancel-all').addEventListener('click', () => page.cancelAll());
  }

  /** @param {Item} item  a new one, or one that has changed. In a short list a change of its state is drawn at once */
  update(item) {
    const context = this.page.context();
    if (!context) return;
    const isShort = this.uploads.items.length <= LONG;
    if (isShort && shownState(item) !== this.#rows.get(item)?.dataset['state']) {
      this.#drawItem(item, context);
      this.#drawTally(context.texts);
    } else {
      this.#changed.add(item);
      this.#drawing.want();
    }
  }

  /** What has changed since the last time. */
  #drawChanged() {
    const context = this.page.context();
    if (!context) return;
    const done = document.createDocumentFragment(); // of a long list, at its end: rows under way stay in sight
    const { items } = this.uploads;
    const isLong = items.length > LONG;
    const there = new Set(items);
    for (const item of this.#changed) {
      if (!there.has(item)) continue; // dismissed meanwhile
      const before = this.#rows.get(item)?.dataset['state'];
      const row = this.#drawItem(item, context);
      const isNew = row.dataset['state'] !== before;
      if (isLong && isNew && item.now.state === 'done' && !row.contains(document.activeElement))
        done.append(row);
    }
    this.list.append(done);
    this.#changed.clear();
    this.#drawTally(context.texts);
  }

  /** @param {Item} item @param {Context} context @returns {HTMLElement} */
  #drawItem(item, context) {
    const row = this.#rows.get(item) ?? this.#add(item);
    const before = row.dataset['state'];
    drawRow(row, item, context);
    const reactions = reactionsTo(before, shownState(item), this.uploads.items.length === 1);
    if (reactions.announce) this.#announcer.add(item);
    if (reactions.scrollTo) row.scrollIntoView({ block: 'nearest' });
    if (reactions.unfold) part(row, 'details').setAttribute('open', '');
    return row;
  }

  /** Draws every row again, after a change of the language or of what `context` tells. */
  draw() {
    const context = this.page.context();
    if (!context) return;
    for (const item of this.uploads.items) {
      const row = this.#rows.get(item);
      if (row) drawRow(row, item, context);
    }
    this.#drawTally(context.texts);
  }

  /** @param {Item[]} items  that are no longer among the uploads */
  drop(items) {
    for (const item of items) this.#rows.get(item)?.remove();
    this.draw();
  }

  /** @param {Item} item @returns {HTMLElement} */
  #add(item) {
    const row = createRow(item);
    this.#rows.set(item, row);
    this.list.append(row);
    return row;
  }

  /** @param {Texts} texts */
  #drawTally(texts) {
    const { all, ended } = this.uploads.counts;
    this.list.classList.toggle('long', this.uploads.items.length > LONG);
    const pauseAll = pauseAllText(this.uploads.pausable, texts);
    this.section.hidden = this.uploads.items.length === 0;
    part(this.section, '#clear').hidden = ended < 2;
    part(this.section, '#pause-all').hidden = !pauseAll;
    part(this.section, '#pause-all').textContent = pauseAll;
    part(this.section, '#cancel-all').hidden = all - ended < 2;
    part(this.section, '#tally').textContent = all ? tallyText(this.uploads, texts) : '';
  }

  /** @param {Item[]} items */
  #announce(items) {
    const context = this.page.context();
    if (context) this.page.announce(announcementText(items, context));
  }

  /** @param {MouseEvent} event */
  #press({ target }) {
    const button = target instanceof Element ? target.closest('button') : null;
    const row = button?.closest('li');
    const item = this.uploads.items.find(({ id }) => String(id) === row?.dataset['id']);
    if (!button || !row || !item) return;
    switch (button.dataset['action']) {
      case 'pause':
        return this.page.pause(item);
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
      case 'copy-link':
        return void this.#copy(part(row, '[data-testid=open]'), button, item);
    }
  }

  #clear() {
    for (const item of this.uploads.items.filter(({ now }) => now.state !== 'unfinished')) {
      if (!this.uploads.remove(item)) continue;
      this.page.discard(item);
      this.#rows.get(item)?.remove();
    }
    part(document, 'h1').focus();
    this.draw();
  }

  /** @param {Item} item @param {HTMLElement} row */
  #remove(item, row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    this.uploads.remove(item);
    this.page.discard(item);
    row.remove();
    const top = part(document, 'h1'); // for an empty list: without a focus the Tab key would begin above it
    (next instanceof HTMLElement ? next : top).focus();
    this.draw();
  }

  /** @param {HTMLElement} source @param {HTMLElement} button @param {Item} item */
  async #copy(source, button, item) {
    try {
      const text = source instanceof HTMLAnchorElement ? source.href : source.textContent;
      await navigator.clipboard.writeText(text ?? '');
    } catch {
      getSelection()?.selectAllChildren(source); // plain http has no clipboard: select the text for Ctrl+C
      return;
    }
    button.dataset['copied'] = '';
    this.update(item);
    this.page.announce(this.page.context()?.texts.copied ?? '');
    setTimeout(() => {
      delete button.dataset['copied'];
      this.update(item);
    }, COPIED_MS);
  }
}
