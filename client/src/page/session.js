/**
 * Whether the page can upload: its settings, the sign-in, and what went wrong. No DOM.
 */
import { SettingsError } from './settings.js';
import { SignIn, bearer, tokenIn } from './sign-in.js';
import { sentenceFor } from './texts/languages.js';

/** @import { Headers } from '../lib/upload.js' */
/** @import { Settings } from './settings.js' */
/** @import { Texts } from './texts/languages.js' */

/**
 * @typedef {Object} Handlers
 * @property {(settings: Settings) => void} onSettings  the user's limits are known, or have changed
 * @property {(signingIn: boolean) => void} onSigningIn  the user is asked to sign in, or no longer
 * @property {() => void} onChange  after every change
 * @property {(error: unknown) => void} onError  for the log
 */

export class Session {
  /** @type {Settings | null} null until they have been read */
  settings = null;
  /** @type {SettingsError | null} why the page cannot work */
  error = null;
  /** whether the user is asked to sign in */
  signingIn = false;
  signIn = new SignIn(() => this.#setSigningIn(true));

  #requests = 0;

  /** @param {(headers: Headers) => Promise<Settings>} read @param {Handlers} handlers */
  constructor(read, handlers) {
    this.read = read;
    this.handlers = handlers;
  }

  /**
   * Reads the settings. When it is called again meanwhile, the earlier answer is ignored.
   *
   * @param {string | null} [token]  to sign in with
   */
  async load(token = null) {
    this.#setError(null);
    const request = (this.#requests += 1);
    try {
      const settings = await this.read(token ? bearer(token) : this.signIn.headers);
      if (request !== this.#requests) return;
      if (token) this.signIn.take(token);
      this.#setSigningIn(false);
      this.handlers.onSettings(settings);
      this.settings = settings;
      this.handlers.onChange();
    } catch (error) {
      if (request !== this.#requests) return;
      this.handlers.onError(error);
      const known = error instanceof SettingsError ? error : new SettingsError('page', String(error));
      this.#setError(known);
      if (known.missing === 'sign_in') this.#setSigningIn(true);
    }
  }

  /** @param {string} pasted @returns {Promise<boolean>} whether the user is signed in now */
  async signInWith(pasted) {
    const token = tokenIn(pasted);
    if (token && !this.signIn.isOtherUsers(token)) await this.load(token);
    else this.#setError(new SettingsError('sign_in', 'not sent', token ? 'another_user' : 'token_invalid'));
    return !this.signingIn;
  }

  /** @param {Texts} texts @returns {string} why nothing can be uploaded; empty where signing in would help */
  errorText({ trouble }) {
    return this.error && this.error.missing !== 'sign_in' ? trouble[this.error.missing] : '';
  }

  /** @param {Texts} texts @returns {string} why the user has to sign in again; empty the first time */
  signInText(texts) {
    if (!this.signingIn) return '';
    const code = this.error?.code;
    if (code === 'another_user') return texts.signIn.anotherUser;
    if (code && code !== 'token_missing') return sentenceFor(texts, code, 401);
    return this.signIn.signedIn ? texts.signIn.expired : '';
  }

  /** @param {Texts} texts @returns {string} */
  limitsText(texts) {
    if (this.settings) return texts.limits(this.settings.limits);
    return this.error ? '' : texts.loading;
  }

  /** @param {SettingsError | null} error */
  #setError(error) {
    this.error = error;
    this.handlers.onChange();
  }

  /** @param {boolean} signingIn */
  #setSigningIn(signingIn) {
    const changed = signingIn !== this.signingIn;
    this.signingIn = signingIn;
    this.handlers.onChange();
    if (changed) this.handlers.onSigningIn(signingIn);
  }
}
