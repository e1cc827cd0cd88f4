/**
 * Asks the callback function whether a file is stored: after a 203, or when its answer was lost.
 */
import { errorIn, resultIn } from './answers.js';
import { UploadError, toUploadError } from './errors.js';
import { ANSWER_MS, askByTicket } from './grant.js';
import { ATTEMPTS, backOff, isOutage } from './retry.js';

/** @import { Job } from './options.js' */
/** @import { Grant, Result } from './protocol.js' */

const TICKET_MS = 3_660_000; // how long a ticket lives after the end of its grant, and a minute for the clocks
const DIFFERS = [409, 415]; // the callback function's statuses for a stored object that is not what was granted

/**
 * @param {Job} job
 * @param {Grant} grant
 * @param {string} url
 * @param {number} limitMs
 * @returns {Promise<Result | UploadError>} the callback's answer, or why there is none
 */
export async function askForResult(job, grant, url, limitMs) {
  try {
    const answer = await askByTicket(job, grant, url, limitMs);
    return resultIn(answer, grant) ?? errorIn(answer, job);
  } catch (caught) {
    return toUploadError(caught, job.signal);
  }
}

/**
 * Asks until the callback function knows.
 *
 * @param {Job} job
 * @param {Grant} grant
 * @param {UploadError | null} fault  that hid OSS's answer: wait before asking
 * @returns {Promise<Result | null>} the callback's answer, or null when nothing is stored, or its ticket has ended
 *   and nobody will ever say
 * @throws {UploadError}
 */
export async function confirm(job, grant, fault) {
  job.report({ state: 'confirming' });
  const since = job.now();
  let error = fault;
  for (let attempts = 0, pauses = 0; ;) {
    if (error) await backOff(job, (pauses += 1), error);
    const outcome = await askForResult(job, grant, grant.confirm, ANSWER_MS);
    error = outcome instanceof UploadError ? outcome : null;
    const hasEnded = error?.code === 'not_verified' && job.now() > (grant.until ?? Infinity) + TICKET_MS;
    if (!error || hasEnded || (error.code === 'not_stored' && error.status === 409)) {
      job.unconfirmed = null;
      return error ? null : /** @type {Result} */ (outcome);
    }
    if (DIFFERS.includes(error.status)) throw error;
    if (!(grant.kind && isOutage(job, error, since))) attempts += 1;
    if (attempts === ATTEMPTS || !error.retryable)
      throw new UploadError('not_confirmed', error.message, { ...error, retryable: true });
  }
}
