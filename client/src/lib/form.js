/**
 * Posts a file to OSS as a form, and decides what the outcome means: stored, not stored, or not known.
 */
import { errorIn, isSuccess, isUndecided, resultIn } from './answers.js';
import { assertReadable } from './checksum.js';
import { unlessPaused } from './control.js';
import { NetworkFault, UploadError, toUploadError } from './errors.js';
import { inSlot } from './page-slots.js';
import { reporter } from './progress.js';
import { withTimeLimit } from './timing.js';

/** @import { Job } from './options.js' */
/** @import { FormGrant, Grant, Result } from './protocol.js' */

export const STALL_MS = 30_000; // without a byte sent, or without an answer after the last byte
const EXPIRED = ['0006-00000213', '0002-00000069', '0002-00000236']; // EC of policies, and of addresses
const TOO_SLOW_SHARE = 0.9; // of the grant's life spent on sending; the grant's own way to the browser takes time too

/**
 * Sends the form. Without a `result` the file may be stored: `job.unconfirmed` has the grant, and `fault` the error
 * that hid the answer, if one did. Whoever confirms waits for that first, and fails with it if nothing is stored.
 *
 * @param {Job} job
 * @param {FormGrant} grant
 * @returns {Promise<{result: Result | null, fault: UploadError | null}>}
 * @throws {UploadError} when nothing is stored. `Paused` unless the whole body had left; then, and after a cancel, it is
 *   not known once a byte has left: `job.unconfirmed` has the grant.
 */
export async function sendForm(job, grant) {
  const total = job.file.size;
  let firstByteAt = 0;
  let bodyLeft = false;
  let loaded = 0;
  const report = reporter(job, () => loaded);
  job.report({ state: 'sending', loaded, total });
  /** @param {AbortSignal} until */
  const post = (until) =>
    withTimeLimit({ ...job, signal: until }, STALL_MS, (signal, touch) => {
      /** @param {number} sent @param {number} all  bytes of the form: its fields first, the file last */
      const onProgress = (sent, all) => {
        if (signal.aborted) return;
        touch();
        const isNewEnd = sent >= all && !bodyLeft;
        firstByteAt ||= job.now();
        bodyLeft = sent >= all;
        loaded = Math.max(0, sent - (all - total));
        report(isNewEnd);
      };
      return job.transport.postForm(grant.url, grant.fields, job.file, onProgress, signal);
    });
  try {
    const answer = await unlessPaused(
      job,
      (until) => inSlot(until, () => post(until)),
      () => !bodyLeft,
    );
    const result = resultIn(answer, grant);
    if (!result && !isSuccess(answer)) throw errorIn(answer, job);
    if (!result) job.unconfirmed = { ...grant, stored: true }; // mostly a 203: stored, but the callback failed
    return { result, fault: null };
  } catch (caught) {
    const error = toUploadError(caught, job.signal);
    if (error.code === 'aborted') {
      if (firstByteAt) job.unconfirmed = { ...grant, stored: false }; // the last bytes may be on their way
      throw error;
    }
    if (isExpired(error) && !isUndecided(error.status))
      throw expiredError(error, firstByteAt && job.now() - firstByteAt, grant);
    const isUnanswered = error.status === 0 || isUndecided(error.status);
    const wholeBody = bodyLeft || (caught instanceof NetworkFault && caught.bodyLeft);
    if (error.code !== 'FileAlreadyExists' && !(isUnanswered && wholeBody)) {
      if (error.code === 'network') await assertReadable(job);
      throw error;
    }
    job.unconfirmed = { ...grant, stored: !isUnanswered };
    return { result: null, fault: isUnanswered ? error : null };
  }
}

/** @param {UploadError} error @returns {boolean} whether a form's policy, an address or a security token has ended */
export function isExpired({ code, ec, message }) {
  return (
    EXPIRED.includes(ec ?? '') ||
    /policy expired|request has expired/i.test(message) ||
    code === 'SecurityTokenExpired'
  );
}

/**
 * A grant that expired before the file was sent is worth another one. If sending itself took that long, the next
 * grant would expire as well.
 *
 * @param {UploadError} error
 * @param {number} sendingMs
 * @param {Grant} grant
 */
export function expiredError({ status, requestId, ec, message }, sendingMs, grant) {
  const tooSlow = sendingMs > grant.expires_in * 1000 * TOO_SLOW_SHARE;
  return new UploadError(tooSlow ? 'too_slow' : 'grant_expired', message, {
    status,
    requestId,
    ec,
    retryable: !tooSlow,
  });
}
