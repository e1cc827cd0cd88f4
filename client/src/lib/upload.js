/**
 * Uploads one file from a browser straight to OSS, and ends when the callback has answered for it. This is the
 * library's only entry: the built `lib/upload.js` has all of it in one file.
 *
 * What lives in this folder: asking for a grant, sending the form, finding out whether the file is stored, retrying.
 * What never will: the DOM, a queue of files, texts for people. Network, clock and chance are options.
 *
 * The first rule: a file that may be stored already is confirmed, not sent again.
 */
import { browserTransport } from './browser-transport.js';
import { assertReadable, assertStoredWhole } from './checksum.js';
import { confirm } from './confirmation.js';
import { UploadError, toUploadError } from './errors.js';
import { sendForm } from './form.js';
import { requestGrant } from './grant.js';
import { ATTEMPTS, pause } from './retry.js';
import { online, wait } from './timing.js';

/** @import { Environment, Job, Options } from './options.js' */
/** @import { Grant, Result } from './protocol.js' */

export { browserTransport } from './browser-transport.js';
export { NetworkFault, UploadError } from './errors.js';
export * from './options.js'; // types
export * from './protocol.js'; // types

/**
 * Uploads one file and resolves with the callback's answer.
 *
 * @param {File} file
 * @param {Options & Partial<Environment>} options
 * @returns {Promise<Result>}
 * @throws {UploadError} and nothing else; its `name` is `AbortError` when the caller's signal ended the upload
 */
export async function uploadFile(file, options) {
  /** @type {Job} */
  const job = {
    transport: browserTransport,
    now: Date.now,
    random: Math.random,
    wait,
    online,
    headers: {},
    ...options,
    file,
    signal: options.signal ?? new AbortController().signal,
    report: catching(options.onState ?? (() => {})),
    unconfirmed: options.unconfirmed ?? null,
  };
  const result = await run(job).catch((caught) => {
    const error = toUploadError(caught, job.signal);
    error.unconfirmed = job.unconfirmed;
    const { code, status, retryable, requestId } = error;
    job.report({ state: 'failed', code, status, retryable, requestId });
    throw error;
  });
  job.report({ state: 'done', result });
  return result;
}

/**
 * An error in the caller's `onState` must not fail the upload: a stored file would be sent again.
 *
 * @param {Job['report']} onState
 * @returns {Job['report']}
 */
function catching(onState) {
  return (state) => {
    try {
      onState(state);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
}

/** @param {Job} job @returns {Promise<Result>} */
async function run(job) {
  const { unconfirmed } = job;
  const earlier = unconfirmed && (await confirm(job, unconfirmed, null));
  if (earlier) return lookAgain(job, unconfirmed, earlier);
  /** @type {UploadError | null} */
  let error = null;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    job.report({ state: 'signing' });
    try {
      if (error) await pause(job, attempt, error);
      return await tryOnce(job, error);
    } catch (caught) {
      error = toUploadError(caught, job.signal);
      if (!error.retryable || job.unconfirmed || job.signal.aborted) break;
    }
  }
  throw error;
}

/**
 * One grant, one form, and a confirmation if the form's answer was not enough.
 *
 * @param {Job} job
 * @param {UploadError | null} after  the error of the try before
 * @returns {Promise<Result>}
 */
async function tryOnce(job, after) {
  const grant = await requestGrant(job, after);
  const { result, fault } = await sendForm(job, grant);
  const answer = result ?? (await confirm(job, grant, fault));
  if (answer) return lookAgain(job, grant, answer);
  if (!fault)
    throw new UploadError('not_stored', 'The file did not arrive.', { status: 409, retryable: true });
  fault.retryAfterMs = 0; // `confirm` has waited for it already
  throw fault;
}

/**
 * Looks whether the file is still as it was sent, and is what is stored. If the caller cancels meanwhile, it stays known that it is stored.
 *
 * @param {Job} job
 * @param {Grant} grant
 * @param {Result} answer  the callback's
 * @returns {Promise<Result>}
 */
async function lookAgain(job, grant, answer) {
  await assertReadable(job, 200);
  await assertStoredWhole(job, answer, null);
  if (job.signal.aborted) job.unconfirmed = { ...grant, stored: true };
  job.signal.throwIfAborted();
  return answer;
}
