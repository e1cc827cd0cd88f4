/**
 * How an upload fails: `UploadError` for its caller, `NetworkFault` from a transport.
 */

/** @import { Grant } from './protocol.js' */

// set by this library only: an answer that has one of these codes is read as if it had none
export const OWN_CODES =
  /^(aborted|bad_answer|corrupted|grant_expired|network|not_confirmed|too_slow|unexpected|unreadable)$/;

const UNREADABLE = ['NotReadableError', 'NotFoundError']; // of browsers, where a file has changed or is gone

/** The upload failed. `retryable`: the same file may succeed later. */
export class UploadError extends Error {
  /**
   * @param {string} code  from OSS or the functions, or one of OWN_CODES, or http_<status>
   * @param {string} message
   * @param {{status?: number, retryable?: boolean, requestId?: string | null, ec?: string | null,
   *   retryAfterMs?: number, numbers?: number[]}} [more]
   */
  constructor(
    code,
    message,
    { status = 0, retryable = false, requestId = null, ec = null, retryAfterMs = 0, numbers = [] } = {},
  ) {
    super(message || code);
    this.name = code === 'aborted' ? 'AbortError' : 'UploadError';
    this.code = code;
    this.status = status;
    this.retryable = retryable;
    this.requestId = requestId;
    this.ec = ec;
    this.retryAfterMs = retryAfterMs;
    this.numbers = numbers; // of the parts that are missing
    /**
     * Set while the file, or a part of it, may be stored: give it to the next `uploadFile` of the file.
     *
     * @type {Grant | null}
     */
    this.unconfirmed = null;
  }
}

/** No answer came. `bodyLeft`: the browser had sent every byte, so the file may be stored. */
export class NetworkFault extends Error {
  /** @param {string} message @param {boolean} [bodyLeft] */
  constructor(message, bodyLeft = false) {
    super(message);
    this.bodyLeft = bodyLeft;
  }
}

/**
 * @param {unknown} caught
 * @param {AbortSignal} signal  the caller's: once it has aborted, every error means `aborted`
 * @returns {UploadError}
 */
export function toUploadError(caught, signal) {
  if (signal.aborted) return new UploadError('aborted', 'The upload was cancelled.', { retryable: true });
  if (caught instanceof UploadError) return caught;
  const { name, message = String(caught) } = Object(caught);
  if (caught instanceof NetworkFault) return new UploadError('network', message, { retryable: true });
  return new UploadError(UNREADABLE.includes(name) ? 'unreadable' : 'unexpected', message);
}
