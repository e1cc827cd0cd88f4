/**
 * How the list reacts when an upload changes its state, beside drawing it. No DOM.
 */

/** @import { Item } from './uploads.js' */

const ANNOUNCE_MS = 1_000; // changes within it are one sentence: nobody can listen to sixty
const ANNOUNCED = new Set([
  'paused',
  'unfinished',
  'confirming',
  'done',
  'failed',
  'not_confirmed',
  'refused',
  'aborted',
]);

/**
 * @param {string | undefined} before  the state shown so far; undefined for a new row
 * @param {string} now  the state shown now
 * @param {boolean} isOnly  whether the list has no other row
 * @returns {{announce: boolean, scrollTo: boolean, unfold: boolean}}
 */
export function reactionsTo(before, now, isOnly) {
  return {
    announce: now !== before && ANNOUNCED.has(now),
    // where the file was chosen nothing shows the refusal; and a phone shows no row without it
    scrollTo: (now === 'refused' || now === 'unfinished') && !before,
    unfold: now === 'done' && before !== 'done' && isOnly,
  };
}

/** Collects the items that have changed, to announce them together. */
export class Announcer {
  /** @type {Set<Item>} */
  #changed = new Set();

  /** @param {(items: Item[]) => void} announce */
  constructor(announce) {
    this.announce = announce;
  }

  /** @param {Item} item */
  add(item) {
    if (this.#changed.size === 0) setTimeout(() => this.#flush(), ANNOUNCE_MS);
    this.#changed.add(item);
  }

  #flush() {
    const items = [...this.#changed];
    this.#changed.clear();
    this.announce(items);
  }
}
