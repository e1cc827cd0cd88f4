/**
 * Who is asking, where users sign in. As shipped: an access token that somebody pastes, kept in memory only and never
 * logged. This is the module to replace with your identity provider's: the page needs `headers` and `signedIn`.
 */

/** @import { Headers, UploadError } from './upload.js' */

export class SignIn {
  #token = '';
  /** @type {((_: unknown) => void)[]} */
  #waiting = [];
  /** @type {WeakMap<object, string>} the token each upload was last sent with */
  #used = new WeakMap();

  /** @param {() => void} ask  called when a token has expired in mid-upload; `take` and `goOn` are the answer */
  constructor(ask) {
    this.ask = ask;
  }

  get signedIn() {
    return this.#token !== '';
  }

  /** @param {string} token */
  take(token) {
    this.#token = token.trim();
  }

  /** The token that was taken is a good one: lets the uploads that wait for it go on. */
  goOn() {
    for (const goOn of this.#waiting.splice(0)) goOn(undefined);
  }

  /**
   * @param {object} upload  the same one for each try
   * @param {UploadError | null} after  what its last try failed with
   * @returns {Promise<Headers>} for the token function; waits until somebody has signed in again if that is why
   */
  async headersFor(upload, after) {
    while (after?.code === 'token_expired' && this.#used.get(upload) === this.#token) {
      this.ask();
      await new Promise((resolve) => this.#waiting.push(resolve));
    }
    this.#used.set(upload, this.#token);
    return this.headers;
  }

  /** @returns {Headers} */
  get headers() {
    return this.signedIn ? { Authorization: `Bearer ${this.#token}` } : {};
  }
}
