/**
 * Many files, a few at a time. Holds what is known of each file; knows neither the DOM nor the network.
 */

/** @typedef {import('./upload.js').UploadState} UploadState */
/** @typedef {import('./upload.js').UploadError} UploadError */
/** @typedef {import('./settings.js').Refused} Refused */

/**
 * @typedef {UploadState | {state: 'waiting'} | {state: 'refused', why: Refused}} ItemState
 *
 * @typedef {Object} Item
 * @property {number} id
 * @property {File} file
 * @property {ItemState} now
 * @property {boolean} again  whether an earlier try of the same file has failed
 * @property {number | null} bytesPerSecond  over the last seconds of sending
 * @property {UploadError | null} error
 *
 * @typedef {(file: File, options: {
 *   signal: AbortSignal, onState: (state: UploadState) => void, unconfirmed: UploadError['unconfirmed'],
 * }) => Promise<unknown>} Upload
 *
 * @typedef {{at: number, loaded: number}[]} Samples  of the last seconds, oldest first
 *
 * @typedef {'waiting' | 'signing' | 'sending' | 'confirming'} Busy
 */

const AT_ONCE = 3;
const SPEED_WINDOW_MS = 4_000;
const SPEED_FIRST_MS = 300; // below this a speed says more about buffers than about the line

export class UploadQueue {
  /** @type {Item[]} */
  items = [];

  #nextId = 1;
  /** @type {Map<number, AbortController>} of the running uploads */
  #controllers = new Map();

  /**
   * @param {Upload} upload
   * @param {(item: Item) => void} onChange  called after every change of an item
   * @param {() => number} [now]  milliseconds
   */
  constructor(upload, onChange, now = () => performance.now()) {
    this.upload = upload;
    this.onChange = onChange;
    this.now = now;
  }

  /** Whether leaving the page would lose something. */
  get busy() {
    return this.items.some(({ now }) => isBusy(now.state));
  }

  /** @param {File} file @param {Refused | null} why  why it will not be sent, if so @returns {Item} */
  add(file, why) {
    /** @type {ItemState} */
    const now = why ? { state: 'refused', why } : { state: 'waiting' };
    const item = { id: this.#nextId, file, now, again: false, bytesPerSecond: null, error: null };
    this.#nextId += 1;
    this.items.push(item);
    this.onChange(item);
    this.#startNext();
    return item;
  }

  /** @param {Item} item */
  cancel(item) {
    const controller = this.#controllers.get(item.id);
    if (controller) controller.abort();
    else if (item.now.state === 'waiting')
      this.#became(item, { state: 'failed', code: 'aborted', status: 0, retryable: true, requestId: null });
  }

  /** @param {Item} item  a failed one */
  retry(item) {
    if (item.now.state !== 'failed' || !item.now.retryable) return;
    item.again = false;
    this.#became(item, { state: 'waiting' });
    this.#startNext();
  }

  /** @param {Item} item  one that is not busy */
  remove(item) {
    if (isBusy(item.now.state)) return;
    this.items = this.items.filter((other) => other !== item);
  }

  #startNext() {
    while (this.#controllers.size < AT_ONCE) {
      const item = this.items.find(({ id, now }) => now.state === 'waiting' && !this.#controllers.has(id));
      if (!item) return;
      void this.#run(item);
    }
  }

  /** @param {Item} item */
  async #run(item) {
    const controller = new AbortController();
    this.#controllers.set(item.id, controller);
    /** @type {Samples} */
    const samples = [];
    const unconfirmed = item.error?.unconfirmed ?? null;
    item.error = null;
    try {
      await this.upload(item.file, {
        signal: controller.signal,
        unconfirmed,
        onState: (state) => this.#hear(item, state, samples),
      });
    } catch (error) {
      item.error = /** @type {UploadError} */ (error);
      this.onChange(item);
    } finally {
      this.#controllers.delete(item.id);
      this.#startNext();
    }
  }

  /** @param {Item} item @param {UploadState} state @param {Samples} samples */
  #hear(item, state, samples) {
    if (state.state === 'signing' && item.now.state !== 'waiting') item.again = true;
    item.bytesPerSecond = state.state === 'sending' ? this.#speed(samples, state.loaded) : null;
    this.#became(item, state);
  }

  /** @param {Samples} samples @param {number} loaded @returns {number | null} */
  #speed(samples, loaded) {
    const at = this.now();
    const recent = loaded ? samples.filter((sample) => at - sample.at < SPEED_WINDOW_MS) : [];
    samples.splice(0, samples.length, ...recent, { at, loaded });
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
