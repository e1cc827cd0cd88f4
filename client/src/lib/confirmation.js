/**
 * Asks the callback function whether a file is stored: after a 203, or when its answer was lost.
 */
import { errorIn, resultIn } from './answers.js';
import { UploadError, toUploadError } from './errors.js';
import { ANSWER_MS, askByTicket } from './grant.js';
import { ATTEMPTS, backOff } from './retry.js';

/** @import { Job } from './options.js' */
/** @import { Grant, Result } from './protocol.js' */

const TICKET_MS = 3_660_000; // how long a ticket lives after the end of its grant, and a minute for the clocks
const DIFFERS = [409, 415]; // the callback function's statuses for a stored object that is not what was granted

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
  let error = fault;
  for (let attempt = 1, pauses = 0; ; attempt += 1) {
    if (error) await backOff(job, (pauses += 1), error);
    const outcome = await ask(job, grant);
    if (!(outcome instanceof UploadError)) return outcome;
    if (outcome.code === 'not_verified' && job.now() > (grant.until ?? Infinity) + TICKET_MS) {
      job.unconfirmed = null;
      return null;
    }
    if (DIFFERS.includes(outcome.status)) throw outcome;
    if (attempt === ATTEMPTS || !outcome.retryable) {
      const { status, requestId, message } = outcome;
      throw new UploadError('not_confirmed', message, { status, requestId, retryable: true });
    }
    error = outcome;
  }
}

/**
 * @param {Job} job
 * @param {Grant} grant
 * @returns {Promise<Result | UploadError | null>} as `confirm`, or the error when the callback function did not say
 */
async function ask(job, grant) {
  try {
    const answer = await askByTicket(job, grant, grant.confirm, ANSWER_MS);
    const result = resultIn(answer, grant);
    const error = result ? null : errorIn(answer, job);
    if (error && !(error.status === 409 && error.code === 'not_stored')) return error;
    job.unconfirmed = null;
    return result;
  } catch (caught) {
    return toUploadError(caught, job.signal);
  }
}
