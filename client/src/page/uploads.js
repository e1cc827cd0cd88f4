/**
 * What became of every file: kept also when Uppy has let go of it. Knows neither the DOM nor the network.
 */

/** @import { UploadError, UploadState } from '../lib/upload.js' */
/** @import { Refused } from './settings.js' */

/**
 * @typedef {UploadState | {state: 'waiting'} | {state: 'refused', why: Refused}} ItemState
 *
 * @typedef {Object} ChosenFile  The part of Uppy's file that is kept.
 * @property {string} id
 * @property {string} name
 * @property {string} type
 * @property {number | null} size  bytes
 * @property {{relativePath?: string | null}} meta
 * @property {unknown} data  the bytes
 *
 * @typedef {Object} Item
 * @property {number} id
 * @property {ChosenFile} file
 * @property {ItemState} now
 * @property {boolean} again  whether this try has failed before and started over by itself
 * @property {number | null} bytesPerSecond  over the last seconds of sending
 * @property {UploadError | null} error
 *
 * @typedef {{at: number, loaded: number}[]} Samples  of the last seconds, oldest first
 *
 * @typedef {'waiting' | 'signing' | 'sending' | 'confirming'} Busy
 */

const SPEED_WINDOW_MS = 4_000;
const SPEED_FIRST_MS = 300; // below this a speed says more about buffers than about the line

export class Uploads {
  /** @type {Item[]} in the order they began */
  items = [];

  #nextId = 1;
  /** @type {Map<string, Item>} the last one of each of Uppy's files */
  #latest = new Map();
  /** @type {WeakMap<Item, Samples>} */
  #samples = new WeakMap();

  /**
   * @param {(item: Item) => void} onChange  called after every change of an item
   * @param {() => number} [now]  milliseconds
   */
  constructor(onChange, now = () => performance.now()) {
    this.onChange = onChange;
    this.now = now;
  }

  /** Whether leaving the page would lose something. */
  get busy() {
    return this.items.some(({ now }) => isBusy(now.state));
  }

  /** @param {ChosenFile} file  a new one, or one that is tried again @param {Refused} why  it will not be sent */
  refuse(file, why) {
    const earlier = this.#latest.get(file.id);
    const isRetried = earlier?.now.state === 'failed' && earlier.file.data === file.data;
    // one that may be stored keeps the way to ask about it
    const item = isRetried && !earlier.error?.unconfirmed ? earlier : this.#add(file);
    this.#became(item, { state: 'refused', why });
  }

  /** @param {ChosenFile} file  a new one, or one that is tried again */
  start(file) {
    const earlier = this.#latest.get(file.id);
    const item = earlier?.now.state === 'failed' ? earlier : this.#add(file);
    this.#latest.set(file.id, item);
    Object.assign(item, { file, again: false, error: null });
    this.#samples.set(item, []);
    this.#became(item, { state: 'waiting' });
  }

  /** @param {ChosenFile} file @param {UploadState} state */
  hear(file, state) {
    const item = this.#latest.get(file.id);
    if (!item || !isBusy(item.now.state)) return;
    if (state.state === 'signing' && item.now.state !== 'waiting') item.again = true;
    item.bytesPerSecond = state.state === 'sending' ? this.#speed(item, state.loaded) : null;
    this.#became(item, state);
  }

  /** @param {ChosenFile} file @param {UploadError} error  comes after the state that it explains */
  explain(file, error) {
    const item = this.#latest.get(file.id);
    if (!item) return;
    item.error = error;
    this.onChange(item);
  }

  /**
   * @param {ChosenFile} file
   * @returns {boolean} whether one like it may be stored already, which has to be asked about before it is sent again
   */
  mayBeStored({ id, data }) {
    const item = this.#latest.get(id);
    return item?.now.state === 'failed' && Boolean(item.error?.unconfirmed) && item.file.data !== data;
  }

  /** @param {ChosenFile} file  that Uppy has let go of: its upload is cancelled if it had not ended */
  letGo(file) {
    this.hear(file, { state: 'failed', code: 'aborted', status: 0, retryable: true, requestId: null });
  }

  /** How fast all of them go together, and how many bytes of those that have begun are still to be sent. */
  get pace() {
    let bytesPerSecond = 0;
    let bytesLeft = 0;
    for (const { now, file, bytesPerSecond: speed } of this.items) {
      bytesPerSecond += speed ?? 0;
      if (now.state === 'sending') bytesLeft += now.total - now.loaded;
      else if (now.state === 'waiting' || now.state === 'signing') bytesLeft += file.size ?? 0;
    }
    return { bytesPerSecond, bytesLeft };
  }

  /** To be called every second: what moves no more has no speed. */
  tick() {
    for (const item of this.items) {
      const last = this.#samples.get(item)?.at(-1);
      if (!item.bytesPerSecond || !last || this.now() - last.at < SPEED_WINDOW_MS) continue;
      item.bytesPerSecond = null;
      this.onChange(item);
    }
  }

  /** @param {Item} item  one that is not busy */
  remove(item) {
    if (isBusy(item.now.state)) return;
    this.items = this.items.filter((other) => other !== item);
    if (this.#latest.get(item.file.id) === item) this.#latest.delete(item.file.id);
  }

  /** @param {ChosenFile} file @returns {Item} */
  #add(file) {
    /** @type {Item} */
    const item = {
      id: this.#nextId,
      file,
      now: { state: 'waiting' },
      again: false,
      bytesPerSecond: null,
      error: null,
    };
    this.#nextId += 1;
    this.items.push(item);
    return item;
  }

  /** @param {Item} item @param {number} loaded @returns {number | null} */
  #speed(item, loaded) {
    const at = this.now();
    const earlier = loaded ? (this.#samples.get(item) ?? []) : [];
    const samples = [...earlier.filter((sample) => at - sample.at < SPEED_WINDOW_MS), { at, loaded }];
    this.#samples.set(item, samples);
    const first = samples[0];
    return first && at - first.at >= SPEED_FIRST_MS
      ? ((loaded - first.loaded) / (at - first.at)) * 1000
      : null;
  }

  /** @param {Item} item @param {ItemState} state */
  #became(item, state) {
    item.now = state;
    this.onChange(item);
  }
}

/** @param {ItemState['state']} state @returns {state is Busy} */
export function isBusy(state) {
  return state === 'waiting' || state === 'signing' || state === 'sending' || state === 'confirming';
}
