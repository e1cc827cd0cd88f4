/**
 * Posts a file to OSS as a form, and decides what the outcome means: stored, not stored, or not known.
 */
import { errorIn, isSuccess, isUndecided, resultIn } from './answers.js';
import { assertReadable } from './checksum.js';
import { confirm } from './confirmation.js';
import { unlessPaused } from './control.js';
import { NetworkFault, UploadError, toUploadError } from './errors.js';
import { ANSWER_MS, requestGrant } from './grant.js';
import { inSlot } from './page-slots.js';
import { reporter } from './progress.js';
import { withTimeLimit } from './timing.js';

/** @import { Job } from './options.js' */
/** @import { FormGrant, Grant, Result } from './protocol.js' */

export const STALL_MS = 30_000; // without a byte sent, or without an answer after the last byte
const EXPIRED = ['0006-00000213', '0002-00000069', '0002-00000236']; // EC of policies, and of addresses
const TOO_SLOW_SHARE = 0.9; // of the grant's life spent on sending; the grant's own way to the browser takes time too

/**
 * Sends the form, and confirms it if OSS's answer was not enough.
 *
 * @param {Job} job
 * @param {FormGrant} grant
 * @returns {Promise<Result>}
 * @throws {UploadError} `PAUSED` unless the whole body had left. While the file may be stored, as after a cancel once a
 *   byte has left, `job.unconfirmed` has the grant.
 */
export async function sendForm(job, grant) {
  const total = job.file.size;
  let firstByteAt = 0;
  let bodyLeft = false;
  let loaded = 0;
  /** @type {UploadError | null} that hid OSS's answer */
  let fault = null;
  const report = reporter(job, () => loaded);
  job.report({ state: 'sending', loaded, total });
  /** @param {Job} one */
  const send = async (one) => {
    await renewIfOld(one, grant);
    const [answer, crc] = await Promise.all([
      withTimeLimit(one, STALL_MS, (signal, touch) => {
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
      }),
      assertReadable(one, 0, job.file),
    ]);
    job.crc = crc;
    return answer;
  };
  try {
    const answer = await unlessPaused(
      job,
      (signal) => inSlot(signal, () => send({ ...job, signal })),
      () => !bodyLeft,
    );
    const result = resultIn(answer, grant);
    if (result) return result;
    if (!isSuccess(answer)) throw errorIn(answer, job);
    job.unconfirmed = { ...grant, stored: true }; // mostly a 203: stored, but the callback failed
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
    if (isUnanswered) fault = error;
  }
  const confirmed = await confirm(job, grant, fault);
  if (confirmed) return confirmed;
  if (!fault) throw new UploadError('not_stored', 'Not stored.', { status: 409, retryable: true });
  fault.retryAfterMs = 0; // `confirm` has waited for it already
  throw fault;
}

/**
 * A form may have waited for its turn longer than its grant lives. A user who has to sign in first holds the turn up for
 * some seconds only.
 *
 * @param {Job} job
 * @param {FormGrant} grant  becomes another one, if too little of its life is left to send a form in
 */
async function renewIfOld(job, grant) {
  const leftMs = (grant.until ?? 0) - job.now();
  if (leftMs > grant.expires_in * 1000 * TOO_SLOW_SHARE) return;
  const renewed = withTimeLimit(job, ANSWER_MS, (signal) =>
    requestGrant({ ...job, inParts: false, signal }, null),
  );
  Object.assign(grant, await renewed);
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
export function expiredError(error, sendingMs, grant) {
  const tooSlow = sendingMs > grant.expires_in * 1000 * TOO_SLOW_SHARE;
  return new UploadError(tooSlow ? 'too_slow' : 'grant_expired', error.message, {
    ...error,
    retryable: !tooSlow,
  });
}
