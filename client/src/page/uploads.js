/**
 * The uploads of this page and their states. They stay here when Uppy has removed their files. No DOM, no network.
 */

/** @import { UploadError, UploadState } from '../lib/upload.js' */
/** @import { Refused } from './settings.js' */
/** @import { FileFacts, Unfinished } from './unfinished.js' */

/**
 * @typedef {(
 *   | UploadState
 *   | {state: 'waiting'}
 *   | {state: 'refused', reason: Refused}
 *   | {state: 'unfinished', problem: 'choose_again' | 'another_file' | null}
 * )} ItemState  `unfinished` is what an earlier visit has left; `problem` is why it cannot go on yet.
 *
 * @typedef {Object} ChosenFile  The properties of Uppy's file that are needed here.
 * @property {string} id  Uppy's: of name, type, size and date, so a file chosen again has the same one
 * @property {string} name
 * @property {string} type
 * @property {number | null} size  bytes
 * @property {{relativePath?: string | null, sizeBefore?: number}} meta
 * @property {unknown} data  the bytes
 * @property {string | undefined} [preview]  address of a small picture of it, in this page only
 *
 * @typedef {Object} Item  One row of the list.
 * @property {number} id
 * @property {ChosenFile} file
 * @property {ItemState} now
 * @property {boolean} restarted  whether this try has failed before and started over by itself
 * @property {boolean} resumed  whether it is about to go on with what an earlier visit has left
 * @property {boolean} isPaused  by the user
 * @property {number} loaded  bytes that have been sent
 * @property {Unfinished | null} unfinished  what an earlier visit has left, until it goes on
 * @property {number | null} bytesPerSecond  over the last seconds of sending
 * @property {number} quietMs  how long nothing has changed, in whole seconds; counted while it is under way
 * @property {UploadError | null} error
 *
 * @typedef {{at: number, loaded: number}[]} Samples  of the last seconds, oldest first
 *
 * @typedef {'waiting' | 'signing' | 'sending' | 'paused' | 'checking' | 'confirming'} Busy
 */

export const TICK_MS = 1_000;
export const QUIET_MS = 8_000; // without a change: then the text says so
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
  /** @type {Set<Item>} that have begun since nothing was under way */
  #begun = new Set();

  /**
   * @param {(item: Item) => void} onChange  called after every change of an item
   * @param {() => number} [now]  milliseconds
   */
  constructor(onChange, now = () => performance.now()) {
    this.onChange = onChange;
    this.now = now;
  }

  get busy() {
    return this.items.some(({ now }) => isBusy(now.state));
  }

  /** Whether something is under way that is not paused. */
  get moving() {
    return this.items.some((item) => isBusy(item.now.state) && !(item.isPaused && canPause(item)));
  }

  /** The uploads that can be paused, or are. */
  get pausable() {
    return this.items.filter(canPause);
  }

  get counts() {
    const own = this.items.filter(({ now }) => now.state !== 'unfinished');
    const done = own.filter(({ now }) => now.state === 'done').length;
    const ended = own.filter(({ now }) => !isBusy(now.state)).length;
    return { done, ended, all: own.length };
  }

  /** The speed of all uploads together, and how many bytes those that are not paused still have to send. */
  get pace() {
    let bytesPerSecond = 0;
    let bytesLeft = 0;
    for (const { now, file, isPaused, loaded, bytesPerSecond: speed } of this.items) {
      bytesPerSecond += speed ?? 0;
      const isToSend = now.state === 'sending' || now.state === 'waiting' || now.state === 'signing';
      if (isToSend && !isPaused) bytesLeft += (file.size ?? 0) - loaded;
    }
    return { bytesPerSecond, bytesLeft };
  }

  /** The share of all bytes that has been sent, of all that has begun since nothing was under way; null when nothing is. */
  get share() {
    if (!this.busy) return null;
    let [loaded, total] = [0, 0];
    for (const item of this.#begun) {
      if (!isBusy(item.now.state) && item.now.state !== 'done') continue;
      loaded += item.loaded;
      total += item.file.size ?? 0;
    }
    return total ? loaded / total : 0;
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
    if (!this.busy) this.#begun.clear();
    const earlier = this.#latest.get(file.id);
    const left = this.items.find(({ unfinished }) => unfinished && isSameFile(unfinished.file, file));
    const item = left ?? (earlier?.now.state === 'failed' ? earlier : this.#add(file));
    this.#latest.set(file.id, item);
    this.#begun.add(item);
    const loaded = left?.unfinished?.loaded ?? 0;
    const resumed = Boolean(left);
    Object.assign(item, {
      file: { ...file, preview: file.preview ?? item.file.preview }, // one that is tried again comes without
      resumed,
      loaded,
      unfinished: null,
      restarted: false,
      isPaused: false,
      error: null,
    });
    this.#samples.set(item, []);
    this.#change(item, { state: 'waiting' });
  }

  /** @param {ChosenFile} file @param {UploadState} state */
  onState(file, state) {
    const item = this.#latest.get(file.id);
    if (!item || !isBusy(item.now.state)) return;
    const isFirst = item.now.state === 'waiting' || item.now.state === 'paused';
    if (state.state === 'signing') item.restarted = !isFirst;
    if (state.state === 'sending') item.resumed = false;
    if (state.state === 'paused') this.#samples.set(item, []);
    if (state.state === 'sending' || state.state === 'paused') item.loaded = state.loaded;
    if (state.state === 'done') item.loaded = file.size ?? 0;
    item.bytesPerSecond = state.state === 'sending' ? this.#speed(item, state.loaded) : null;
    this.#change(item, state.state === 'paused' && !item.isPaused ? { state: 'waiting' } : state);
  }

  /** @param {ChosenFile} file @param {boolean} isPaused  by the user */
  onPause(file, isPaused) {
    const item = this.#latest.get(file.id);
    if (item) this.#pause(item, isPaused);
  }

  /** @param {boolean} isPaused  by the user, all of them */
  onPauseAll(isPaused) {
    for (const item of this.items) this.#pause(item, isPaused);
  }

  /** @param {Item} item @param {boolean} isPaused */
  #pause(item, isPaused) {
    if (!isBusy(item.now.state)) return;
    item.isPaused = isPaused;
    if (isPaused) item.bytesPerSecond = null;
    // another file may have its turn
    this.#change(item, item.now.state === 'paused' && !isPaused ? { state: 'waiting' } : item.now);
  }

  /**
   * Shows what earlier visits have left, as done what was stored all the same, and no longer what has gone on elsewhere.
   *
   * @param {Unfinished[]} all
   * @returns {Item[]} those that are no longer there
   */
  onUnfinished(all) {
    const isThere = (/** @type {Item} */ { unfinished }) =>
      unfinished && all.some((one) => isSameFile(one.file, { ...unfinished.file, data: unfinished.file }));
    const gone = this.items.filter((item) => item.unfinished && !isThere(item));
    for (const item of gone) this.remove(item);
    for (const unfinished of all) {
      const { file, loaded, stored } = unfinished;
      const known = this.items.find((item) => item.unfinished && isSameFile(file, item.file));
      if (known && stored) {
        this.#change(Object.assign(known, { unfinished: null }), { state: 'done', result: stored });
        continue;
      }
      if (this.items.some((item) => item.now.state !== 'done' && isSameFile(file, item.file))) continue;
      const { name, type, size } = file;
      const item = this.#add({ id: '', name, type, size, meta: {}, data: file }); // `data` has its date
      Object.assign(item, { unfinished: stored ? null : unfinished, loaded });
      const problem = unfinished.handle ? null : 'choose_again';
      this.#change(item, stored ? { state: 'done', result: stored } : { state: 'unfinished', problem });
    }
    return gone;
  }

  /** @param {Item} item  of an earlier visit @param {'choose_again' | 'another_file'} problem  why it cannot go on yet */
  onStillUnfinished(item, problem) {
    if (item.now.state === 'unfinished') this.#change(item, { state: 'unfinished', problem });
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

  /** Call this every second: an upload that sends nothing any more has no speed, and in the end says so. */
  tick() {
    for (const item of this.items) {
      if (isBusy(item.now.state) && item.now.state !== 'waiting' && !item.isPaused) this.#quieten(item);
      const last = this.#samples.get(item)?.at(-1);
      if (!item.bytesPerSecond || !last || this.now() - last.at < SPEED_WINDOW_MS) continue;
      item.bytesPerSecond = null;
      this.onChange(item);
    }
  }

  /** @param {Item} item */
  #quieten(item) {
    item.quietMs += TICK_MS;
    if (item.quietMs === QUIET_MS) this.onChange(item);
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
      resumed: false,
      isPaused: false,
      loaded: 0,
      unfinished: null,
      bytesPerSecond: null,
      quietMs: 0,
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
    const lost = Math.max(0, (earlier.at(-1)?.loaded ?? 0) - loaded); // by parts that failed: the line was as fast
    const samples = earlier
      .filter((sample) => at - sample.at < SPEED_WINDOW_MS)
      .map((sample) => ({ at: sample.at, loaded: sample.loaded - lost }));
    samples.push({ at, loaded });
    this.#samples.set(item, samples);
    const first = samples[0];
    return first && at - first.at >= SPEED_FIRST_MS
      ? ((loaded - first.loaded) / (at - first.at)) * 1000
      : null;
  }

  /** @param {Item} item @param {ItemState} state */
  #change(item, state) {
    item.now = state;
    item.quietMs = 0;
    this.onChange(item);
  }
}

/** @param {ItemState['state']} state @returns {state is Busy} */
export function isBusy(state) {
  return ['waiting', 'signing', 'sending', 'paused', 'checking', 'confirming'].includes(state);
}

/** @param {Item} item @returns {boolean} also if it is paused; false once all of it has left */
export function canPause({ now }) {
  if (now.state === 'sending' && now.loaded === now.total) return false;
  return ['waiting', 'signing', 'sending', 'paused'].includes(now.state);
}

/** @param {FileFacts} facts @param {Pick<ChosenFile, 'name' | 'size' | 'data'>} file */
export function isSameFile({ name, size, lastModified }, file) {
  const { lastModified: date } = /** @type {Partial<File>} */ (file.data);
  return name === file.name && size === file.size && lastModified === date;
}

/** @param {Item} item @returns {boolean} false also for a second press of the button: the first has started it */
export function canRetry({ now }) {
  return now.state === 'failed' && now.retryable;
}
