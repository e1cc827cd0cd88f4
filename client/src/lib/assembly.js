/**
 * Has the token function put the parts together, and finds out what became of them.
 */
import { isSuccess } from './answers.js';
import { askForResult, confirm } from './confirmation.js';
import { UploadError } from './errors.js';
import { addressOf } from './grant.js';
import { ATTEMPTS, backOff } from './retry.js';

/** @import { Job } from './options.js' */
/** @import { PartsGrant, Result } from './protocol.js' */

const COMPLETE_MS = 30_000; // the function has 15 s, because OSS waits for the callback; a cold start adds to that
const GONE_TIMES = 3; // before it is believed: the Complete of an answer that was lost may be under way
const GONE_MS = 15_000; // in between

/**
 * @param {Job} job
 * @param {PartsGrant} grant  whose `sent` loses the parts that OSS does not have
 * @returns {Promise<Result | null>} the callback's answer; or null when some parts are missing
 * @throws {UploadError} `upload_gone` when nothing is stored, and nothing can be
 */
export async function complete(job, grant) {
  let gone = 0;
  for (let failures = 0; ;) {
    job.report({ state: 'confirming' });
    const mayBeStored = grant.completing;
    grant.completing = true; // until an answer says that they are not put together
    const error = await askForResult(job, grant, addressOf(job, 'complete'), COMPLETE_MS);
    if (!(error instanceof UploadError)) return error;
    const { code, status, retryable } = error;
    const isGone = code === 'upload_gone' || code === 'already_stored';
    if (code === 'parts_missing' || code === 'parts_changed') grant.completing = false;
    if (code === 'parts_missing') {
      for (const number of error.numbers) delete grant.sent?.[number];
      return null;
    }
    if (isGone || mayBeStored || retryable) {
      grant.stored ||= status === 203 || code === 'already_stored';
      const confirmed = await confirm(job, grant, retryable && !isSuccess(error) ? error : null);
      if (confirmed) return confirmed;
      job.unconfirmed = grant;
    } else if (grant.completing) {
      grant.completing = status === 0;
      throw error;
    }
    if (code === 'not_verified' || (isGone && (gone += 1) === GONE_TIMES)) {
      grant.completing = false;
      throw new UploadError('upload_gone', 'Parts are gone.', { status: 409, retryable: true });
    }
    if (isGone) {
      await job.wait(GONE_MS, job.signal);
    } else {
      if ((failures += 1) === ATTEMPTS) throw error;
      await backOff(job, failures, error);
    }
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
