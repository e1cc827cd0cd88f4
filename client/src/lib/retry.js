/**
 * How often a request is repeated, and how long to wait before it is.
 */

/** @import { UploadError } from './errors.js' */
/** @import { Job } from './options.js' */

export const ATTEMPTS = 5; // of sending, and of asking whether the file is stored

const OUTAGE_MS = 300_000; // the browser does not notice every line that is away
const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_MAX_MS = 30_000;
const RETRY_AFTER_MAX_MS = 60_000; // a wrong clock or a faulty server must not stop an upload for hours

/**
 * Exponential backoff with full jitter, added to the time that the server asked for.
 *
 * @param {Job} job
 * @param {number} nth  retry, from 1
 * @param {UploadError} error  of the try before
 */
export function backOff(job, nth, error) {
  const backoffMs = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (nth - 1));
  return job.wait(error.retryAfterMs + job.random() * backoffMs, job.signal);
}

/**
 * @param {Pick<Job, 'now'>} job
 * @param {UploadError} error
 * @param {number} since  of the first failure without a success after it
 * @returns {boolean} whether this may be a line that comes back: such failures are not counted
 */
export function isOutage({ now }, { code }, since) {
  return code === 'network' && Math.abs(now() - since) < OUTAGE_MS;
}

/**
 * @param {string} header  the value of Retry-After: seconds or an HTTP date
 * @param {number} now  milliseconds
 * @returns {number} milliseconds
 */
export function retryAfterMs(header, now) {
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Math.min(Math.max(ms || 0, 0), RETRY_AFTER_MAX_MS);
}
