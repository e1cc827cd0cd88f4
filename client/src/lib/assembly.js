/**
 * Has the token function put the parts together, and finds out what became of them.
 */
import { errorIn, isSuccess, listIn, resultIn } from './answers.js';
import { confirm } from './confirmation.js';
import { UploadError, toUploadError } from './errors.js';
import { addressOf, askByTicket } from './grant.js';
import { ATTEMPTS, backOff } from './retry.js';

/** @import { Job } from './options.js' */
/** @import { Answer, PartsGrant, Result } from './protocol.js' */

const COMPLETE_MS = 30_000; // the function has 15 s, because OSS waits for the callback; a cold start adds to that
const GONE_TIMES = 3; // before it is believed: the Complete of an answer that was lost may be under way
const GONE_MS = 15_000; // in between

/**
 * @param {Job} job
 * @param {PartsGrant} grant
 * @returns {Promise<Result | number[] | null>} the callback's answer; or the parts that OSS does not have; or null when
 *   the upload is gone and nothing is stored
 * @throws {UploadError}
 */
export async function complete(job, grant) {
  let gone = 0;
  for (let failures = 0; ;) {
    job.report({ state: 'confirming' });
    const mayBeStored = grant.completing;
    grant.completing = true; // until an answer says that they are not put together
    const answer = await ask(job, grant);
    const result = resultIn(answer, grant);
    if (result) return result;
    const error = answer instanceof UploadError ? answer : errorIn(answer, job);
    const { code, retryable } = error;
    const isGone = code === 'upload_gone' || code === 'already_stored';
    if (code === 'parts_missing' || code === 'parts_changed') grant.completing = false;
    if (code === 'parts_missing') return listIn(answer, 'numbers');
    if (isGone || mayBeStored || retryable) {
      grant.stored ||= error.status === 203 || code === 'already_stored';
      const confirmed = await confirm(job, grant, retryable && !isSuccess(error) ? error : null);
      if (confirmed || code === 'not_verified') return confirmed;
      job.unconfirmed = grant;
    } else if (grant.completing) {
      grant.completing = error.status === 0;
      throw error;
    }
    if (isGone) {
      if ((gone += 1) === GONE_TIMES) return null;
      await job.wait(GONE_MS, job.signal);
    } else {
      if ((failures += 1) === ATTEMPTS) throw error;
      await backOff(job, failures, error);
    }
  }
}

/**
 * @param {Job} job
 * @param {PartsGrant} grant
 * @returns {Promise<(Answer | UploadError) & {body: string}>} an error has no body
 */
async function ask(job, grant) {
  try {
    return await askByTicket(job, grant, addressOf(job, 'complete'), COMPLETE_MS);
  } catch (caught) {
    job.signal.throwIfAborted();
    return Object.assign(toUploadError(caught, job.signal), { body: '' });
  }
}

/**
 * Tells OSS to drop the parts. Nobody waits for it: a rule of the bucket drops them in the end.
 *
 * @param {Job} job
 * @param {PartsGrant} grant
 */
export function abort(job, { ticket }) {
  const { signal } = new AbortController();
  job.transport.postJson(addressOf(job, 'abort'), { ticket }, {}, signal, true).catch(() => {});
}
