/**
 * The library for mini programs and apps, which have no DOM: the built `lib/apps.js` needs nothing but ECMAScript,
 * `setTimeout` and `clearTimeout`. A transport beside it, such as `wechat.js`, sends.
 */
import { uploadFile as upload } from '../lib/upload.js';
import { AbortController as OwnAbortController } from './ponyfills.js';

/** @import { Environment, Options, Result } from '../lib/upload.js' */

export { NetworkFault, UploadControl, UploadError } from '../lib/upload.js';

/**
 * For mini programs, which have none: `signal` cancels uploads, as a browser's does.
 *
 * @type {new () => {signal: Signal, abort: (reason?: unknown) => void}}
 */
export const AbortController = OwnAbortController;

/**
 * @typedef {Object} AppFile  A file that only the platform can read. It is sent whole, and not read here.
 * @property {string} name  what your users call it: the type may be looked up by its ending
 * @property {number} size  exact, in bytes
 * @property {string | null} [type]  a media type; what else a platform says there, such as `image`, is ignored
 * @property {string} [path]  where a mini program has it
 * @property {string} [uri]  where React Native has it
 *
 * @typedef {{aborted: boolean, addEventListener: (type: 'abort', listener: () => void) => void,
 *   removeEventListener?: (type: 'abort', listener: () => void) => void}} Signal  Of the `AbortController` here, or of the
 *   platform's own.
 *
 * @typedef {Omit<Options, 'signal' | 'memory'> & Partial<Environment> & Pick<Environment, 'transport'> &
 *   {signal?: Signal}} AppOptions
 */

/**
 * Uploads one file and resolves with the callback's answer, as `uploadFile` of upload.js does.
 *
 * @param {AppFile} file
 * @param {AppOptions} options
 * @returns {Promise<Result>}
 * @throws {UploadError} and nothing else
 */
export async function uploadFile(file, options) {
  const { name, size, type, path, uri } = file;
  const whole = { name, size, type: type?.includes('/') ? type : '', path, uri };
  // React Native's own signals have neither a reason nor `throwIfAborted`
  const own = new OwnAbortController();
  const abort = () => own.abort();
  if (options.signal?.aborted) abort();
  options.signal?.addEventListener('abort', abort);
  try {
    return await upload(/** @type {any} */ (whole), {
      turn: () => Promise.resolve(),
      online: async () => true, // a request tells
      ...options,
      signal: /** @type {any} */ (own.signal),
    });
  } finally {
    options.signal?.removeEventListener?.('abort', abort); // it may be given to many uploads
  }
}
