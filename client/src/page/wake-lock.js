/**
 * Keeps the screen on, and with it the machine, while something is sent. The browser itself lets go of the lock when the
 * page goes into the background.
 */

/** @typedef {{released: boolean, release: () => Promise<void>}} Sentinel */

export class WakeLock {
  /** @type {Sentinel | null} */
  #sentinel = null;
  #asking = false;
  #wanted = false;

  /** @param {{request: (type: 'screen') => Promise<Sentinel>} | undefined} [wakeLock]  none on pages without TLS */
  constructor(wakeLock = globalThis.navigator?.wakeLock) {
    this.wakeLock = wakeLock;
  }

  /** @param {boolean} wanted  while the page can be seen */
  want(wanted) {
    this.#wanted = wanted;
    if (!wanted) this.#release();
    else if (!this.#asking && this.#sentinel?.released !== false) void this.#request();
  }

  async #request() {
    this.#asking = true;
    try {
      this.#sentinel = (await this.wakeLock?.request('screen')) ?? null;
    } catch {
      // refused, as on a low battery: the upload goes on all the same
    }
    this.#asking = false;
    if (!this.#wanted) this.#release();
  }

  #release() {
    this.#sentinel?.release().catch(() => {});
    this.#sentinel = null;
  }
}
