/**
 * What browsers have and apps lack: WeChat has none of these, React Native only a part of an AbortSignal. The build of
 * `apps.js` puts them where the library names them. Only what the library uses is here. Source: DOM Standard.
 */

/** @typedef {() => unknown} Listener  of the only event, `abort` */

class AbortSignal {
  constructor() {
    this.aborted = false;
    /** @type {unknown} */
    this.reason = undefined;
    /** @type {Set<Listener>} */
    this.listeners = new Set();
  }

  throwIfAborted() {
    if (this.aborted) throw this.reason;
  }

  /** @param {'abort'} _ @param {Listener} listener @param {{signal?: AbortSignal}} [options] */
  addEventListener(_, listener, { signal } = {}) {
    if (signal?.aborted) return;
    this.listeners.add(listener);
    signal?.addEventListener('abort', () => this.removeEventListener('abort', listener));
  }

  /** @param {'abort'} _ @param {Listener} listener */
  removeEventListener(_, listener) {
    this.listeners.delete(listener);
  }
}

export class AbortController {
  constructor() {
    this.signal = new AbortSignal();
  }

  /** @param {unknown} [reason] */
  abort(reason = Object.assign(new Error('The upload was cancelled.'), { name: 'AbortError' })) {
    if (this.signal.aborted) return;
    Object.assign(this.signal, { aborted: true, reason });
    for (const listener of this.signal.listeners) listener(); // without those that an earlier one removed
  }
}

/** @param {() => void} task */
export function queueMicrotask(task) {
  Promise.resolve().then(task);
}
