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
import { assertStoredWhole } from './checksum.js';
import { confirm } from './confirmation.js';
import { PAUSED, UploadControl, unlessPaused, whilePaused } from './control.js';
import { toUploadError } from './errors.js';
import { sendForm } from './form.js';
import { requestGrant } from './grant.js';
import { sendInParts } from './multipart.js';
import { PutBlocked } from './parts.js';
import { ATTEMPTS, backOff } from './retry.js';
import { online, turn, unlessAborted, wait } from './timing.js';

/** @import { Environment, Job, Options, RememberedUpload } from './options.js' */
/** @import { UploadError } from './errors.js' */
/** @import { Grant, PartsGrant, Result } from './protocol.js' */

export { browserTransport } from './browser-transport.js';
export { UploadControl } from './control.js';
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
    turn,
    online,
    ...options,
    file,
    control: options.control ?? new UploadControl(),
    signal: options.signal ?? new AbortController().signal,
    report: (state) => {
      try {
        options.onState?.(state);
      } catch (error) {
        queueMicrotask(() => {
          throw error; // not here: it would fail the upload, and a stored file would be sent again
        });
      }
    },
    unconfirmed: options.unconfirmed ?? null,
    crc: null,
    inParts: typeof file.slice === 'function', // files of apps are sent whole
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

/** @param {Job} job @returns {Promise<Result>} */
async function run(job) {
  const { unconfirmed } = job;
  const begun = unconfirmed?.kind ? unconfirmed : null;
  const memory = job.inParts ? await job.memory?.open(job) : null;
  try {
    return await tryOften(job, memory, begun ?? memory?.grant ?? null);
  } finally {
    memory?.close();
  }
}

/**
 * @param {Job} job
 * @param {RememberedUpload | null | undefined} memory
 * @param {PartsGrant | null} begun  an upload to go on with
 * @returns {Promise<Result>}
 */
async function tryOften(job, memory, begun) {
  /** @type {UploadError | null} */
  let error = null;
  /** @type {UploadError | null} */
  let blocked = null;
  let grant = begun;
  for (let attempt = 0; attempt < ATTEMPTS;) {
    const after = error;
    try {
      if (!grant) await whilePaused(job, 0); // what was begun waits where a cancel drops it
      const { unconfirmed } = job;
      const stored = unconfirmed && !unconfirmed.kind && (await confirm(job, unconfirmed, null));
      if (stored) return await lookAgain(job, unconfirmed, stored);
      job.report({ state: 'signing' });
      if (after) await unlessPaused(job, (signal) => backOff({ ...job, signal }, attempt, after));
      const ahead = grant ?? (await unlessAborted(job.signal, async () => job.grant));
      return await tryOnce(job, memory, ahead ?? (await requestGrant(job, after)));
    } catch (caught) {
      if (caught === PAUSED) continue;
      error = toUploadError(caught, job.signal);
    }
    grant = job.grant = null;
    if (blocked && error.status === 413) throw blocked; // too large for a form
    if (error instanceof PutBlocked) {
      job.inParts = false;
      blocked = error;
      continue;
    }
    attempt += 1;
    if (!error.retryable || job.unconfirmed || job.signal.aborted) break;
  }
  throw error;
}

/**
 * One grant, and one form or all parts.
 *
 * @param {Job} job
 * @param {RememberedUpload | null | undefined} memory
 * @param {Grant} grant
 * @returns {Promise<Result>}
 */
async function tryOnce(job, memory, grant) {
  return lookAgain(job, grant, await (grant.kind ? sendInParts(job, grant, memory) : sendForm(job, grant)));
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
  await assertStoredWhole(job, answer);
  if (job.signal.aborted) job.unconfirmed = { ...grant, stored: true };
  job.signal.throwIfAborted();
  return answer;
}
