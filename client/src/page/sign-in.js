/**
 * The access token of the user, where users must sign in. As shipped, users paste one; it is kept in memory only and
 * never logged. Replace this module with the sign-in of your identity provider.
 */

/** @import { Headers, UploadError } from '../lib/upload.js' */

export class SignIn {
  #token = '';
  /** @type {((_: unknown) => void)[]} */
  #waiting = [];
  /** @type {WeakMap<object, string>} the token that each upload's last request had */
  #used = new WeakMap();

  /** @param {() => void} onExpired  the token has expired during an upload: ask the user for another, then `take` it */
  constructor(onExpired) {
    this.onExpired = onExpired;
  }

  get signedIn() {
    return this.#token !== '';
  }

  /** The user: empty where nobody has signed in, null where the token does not name one. @returns {string | null} */
  get subject() {
    const subject = this.signedIn ? subjectOf(this.#token) : '';
    return typeof subject === 'string' && (subject || !this.signedIn) ? subject : null;
  }

  /** @param {string} token  that the token function accepts: uploads that wait for one continue */
  take(token) {
    this.#token = token;
    for (const resume of this.#waiting.splice(0)) resume(undefined);
  }

  /**
   * @param {object} upload  the same object for each try
   * @param {UploadError | null} after  the error of its try before
   * @returns {Promise<Headers>} for the token function; after `token_expired` only once the user has signed in again
   */
  async headersFor(upload, after) {
    while (after?.code === 'token_expired' && this.#used.get(upload) === this.#token) {
      this.onExpired();
      await new Promise((resolve) => this.#waiting.push(resolve));
    }
    this.#used.set(upload, this.#token);
    return this.headers;
  }

  /** @returns {Headers} */
  get headers() {
    return this.signedIn ? bearer(this.#token) : {};
  }

  /** @param {string} token @returns {boolean} whether it is for another user than the one who has signed in */
  isOtherUsers(token) {
    const [before, now] = [this.#token, token].map(subjectOf);
    return typeof before === 'string' && typeof now === 'string' && before !== now;
  }
}

/** @param {string} token @returns {Headers} */
export function bearer(token) {
  return { Authorization: `Bearer ${token}` };
}

/** @param {string} pasted @returns {string | null} the token in it; null if a header could not carry it */
export function tokenIn(pasted) {
  const token = pasted.trim().replace(/^bearer\s+/i, '');
  return /^[\x21-\x7e]+$/.test(token) ? token : null;
}

/** @param {string} token @returns {unknown} the `sub` of a JWT; nothing is verified here */
function subjectOf(token) {
  try {
    const claims = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    return JSON.parse(atob(claims)).sub;
  } catch {
    return null;
  }
}
