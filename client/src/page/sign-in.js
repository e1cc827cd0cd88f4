/**
 * Who is asking, where users sign in. As shipped: an access token that somebody pastes, kept in memory only and never
 * logged. This is the module to replace with your identity provider's.
 */

/** @import { Headers, UploadError } from '../lib/upload.js' */

export class SignIn {
  #token = '';
  /** @type {((_: unknown) => void)[]} */
  #waiting = [];
  /** @type {WeakMap<object, string>} the token each upload was last sent with */
  #used = new WeakMap();

  /** @param {() => void} ask  called when a token has expired in mid-upload; `take` is the answer */
  constructor(ask) {
    this.ask = ask;
  }

  get signedIn() {
    return this.#token !== '';
  }

  /** @param {string} token  that the token function accepts: the uploads that wait for it go on */
  take(token) {
    this.#token = token;
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
    return this.signedIn ? bearer(this.#token) : {};
  }

  /** @param {string} token @returns {boolean} whether it says that it is of another user than the one signed in */
  isAnothers(token) {
    const [then, now] = [this.#token, token].map(subjectOf);
    return typeof then === 'string' && typeof now === 'string' && then !== now;
  }
}

/** @param {string} token @returns {Headers} */
export function bearer(token) {
  return { Authorization: `Bearer ${token}` };
}

/** @param {string} pasted @returns {string | null} the token in it; null for what no header could carry */
export function tokenIn(pasted) {
  const token = pasted.trim().replace(/^bearer\s+/i, '');
  return /^[\x21-\x7e]+$/.test(token) ? token : null;
}

/** @param {string} token @returns {unknown} the `sub` of a JWT, which is not verified here */
function subjectOf(token) {
  try {
    const claims = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    return JSON.parse(atob(claims)).sub;
  } catch {
    return null;
  }
}
