/**
 * The uploads of this page and their states. They stay here when Uppy has removed their files. No DOM, no network.
 */

/** @import { UploadError, UploadState } from '../lib/upload.js' */
/** @import { Refused } from './settings.js' */

/**
 * @typedef {UploadState | {state: 'waiting'} | {state: 'refused', reason: Refused}} ItemState
 *
 * @typedef {Object} ChosenFile  The properties of Uppy's file that are needed here.
 * @property {string} id  Uppy's: of name, type, size and date, so a file chosen again has the same one
 * @property {string} name
 * @property {string} type
 * @property {number | null} size  bytes
 * @property {{relativePath?: string | null}} meta
 * @property {unknown} data  the bytes
 *
 * @typedef {Object} Item  One row of the list.
 * @property {number} id
 * @property {ChosenFile} file
 * @property {ItemState} now
 * @property {boolean} restarted  whether this try has failed before and started over by itself
 * @property {number | null} bytesPerSecond  over the last seconds of sending
 * @property {UploadError | null} error
 *
 * @typedef {{at: number, loaded: number}[]} Samples  of the last seconds, oldest first
 *
 * @typedef {'waiting' | 'signing' | 'sending' | 'paused' | 'confirming'} Busy
 */

const SPEED_WINDOW_MS = 4_000;
const SPEED_FIRST_MS = 300; // a shorter time measures buffers, not the connection

export class Uploads {
  /** @type {Item[]} in the order they began */
  items = [];

  #nextId = 1;
  /** @type {Map<string, Item>} the last item of each file id */
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

  /** Whether an upload would be lost if the page were closed. */
  get busy() {
    return this.items.some(({ now }) => isBusy(now.state));
  }

  get counts() {
    const done = this.items.filter(({ now }) => now.state === 'done').length;
    const ended = this.items.filter(({ now }) => !isBusy(now.state)).length;
    return { done, ended, all: this.items.length };
  }

  /** The speed of all uploads together, and how many bytes those that have begun still have to send. */
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

  /** @param {ChosenFile} file  a new one, or one that is tried again @param {Refused} reason  why it is not sent */
  onRefused(file, reason) {
    const earlier = this.#latest.get(file.id);
    const isRetried = earlier?.now.state === 'failed' && earlier.file.data === file.data;
    // an item whose file may be stored keeps its button that asks for it
    const item = isRetried && !earlier.error?.unconfirmed ? earlier : this.#add(file);
    this.#change(item, { state: 'refused', reason });
  }

  /** @param {ChosenFile} file  a new one, or one that is tried again */
  onStart(file) {
    const earlier = this.#latest.get(file.id);
    const item = earlier?.now.state === 'failed' ? earlier : this.#add(file);
    this.#latest.set(file.id, item);
    Object.assign(item, { file, restarted: false, error: null });
    this.#samples.set(item, []);
    this.#change(item, { state: 'waiting' });
  }

  /** @param {ChosenFile} file @param {UploadState} state */
  onState(file, state) {
    const item = this.#latest.get(file.id);
    if (!item || !isBusy(item.now.state)) return;
    if (state.state === 'signing' && item.now.state !== 'waiting') item.restarted = true;
    item.bytesPerSecond = state.state === 'sending' ? this.#speed(item, state.loaded) : null;
    this.#change(item, state);
  }

  /** @param {ChosenFile} file @param {UploadError} error  follows the state `failed`, which it explains */
  onError(file, error) {
    const item = this.#latest.get(file.id);
    if (!item) return;
    item.error = error;
    this.onChange(item);
  }

  /** @param {ChosenFile} file  that Uppy has removed: its upload is cancelled unless it had ended */
  onRemoved(file) {
    this.onState(file, { state: 'failed', code: 'aborted', status: 0, retryable: true, requestId: null });
  }

  /** Call this every second: an upload that sends nothing any more has no speed. */
  tick() {
    for (const item of this.items) {
      const last = this.#samples.get(item)?.at(-1);
      if (!item.bytesPerSecond || !last || this.now() - last.at < SPEED_WINDOW_MS) continue;
      item.bytesPerSecond = null;
      this.onChange(item);
    }
  }

  /**
   * @param {ChosenFile} file  chosen again
   * @returns {boolean} whether its earlier upload may be stored: then ask for that before sending the file again
   */
  mayBeStored({ id, data }) {
    const item = this.#latest.get(id);
    return item?.now.state === 'failed' && Boolean(item.error?.unconfirmed) && item.file.data !== data;
  }

  /** @param {Item} item @returns {boolean} false while it is busy, when it stays */
  remove(item) {
    if (isBusy(item.now.state)) return false;
    this.items = this.items.filter((other) => other !== item);
    // another upload of the same file may have begun since
    if (this.#latest.get(item.file.id) === item) this.#latest.delete(item.file.id);
    return true;
  }

  /** @param {ChosenFile} file @returns {Item} */
  #add(file) {
    /** @type {Item} */
    const item = {
      id: this.#nextId,
      file,
      now: { state: 'waiting' },
      restarted: false,
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
  #change(item, state) {
    item.now = state;
    this.onChange(item);
  }
}

/** @param {ItemState['state']} state @returns {state is Busy} */
export function isBusy(state) {
  return ['waiting', 'signing', 'sending', 'paused', 'confirming'].includes(state);
}

/** @param {Item} item @returns {boolean} false also for a second press of the button: the first has started it */
export function canRetry({ now }) {
  return now.state === 'failed' && now.retryable;
}
