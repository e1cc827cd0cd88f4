/**
 * Sends a file in parts under one grant, or goes on with what was begun: sends, completes, and decides what an end
 * means.
 */
import { abort, complete } from './assembly.js';
import { assertReadable } from './checksum.js';
import { confirm } from './confirmation.js';
import { PAUSED, unlessPaused, whilePaused } from './control.js';
import { combine } from './crc64.js';
import { UploadError, toUploadError } from './errors.js';
import { expiredError } from './form.js';
import { PutBlocked, partsOf } from './parts.js';
import { ATTEMPTS } from './retry.js';
import { unlessAborted } from './timing.js';

/** @import { Job, RememberedUpload } from './options.js' */
/** @import { Parts } from './parts.js' */
/** @import { PartsGrant, Result } from './protocol.js' */

const ENDED = ['upload_expired', 'not_verified', 'not_found']; // the token function gives no more addresses

/**
 * While it runs, and when it fails and can go on, `job.unconfirmed` has the grant.
 *
 * @param {Job} job
 * @param {PartsGrant} grant
 * @param {RememberedUpload | null | undefined} memory
 * @returns {Promise<Result>}
 * @throws {UploadError}
 */
export async function sendInParts(job, grant, memory) {
  job.unconfirmed = grant;
  const parts = partsOf(job, grant, () => memory?.save(grant));
  try {
    const stored = await unlessAborted(job.signal, (_, over) => finish(job, grant, parts, over));
    memory?.forget();
    job.unconfirmed = null;
    return stored;
  } catch (caught) {
    const failure = toUploadError(caught, job.signal);
    const hasEnded = ENDED.includes(failure.code);
    const error = hasEnded ? expiredError(failure, parts.sendingMs(), grant) : failure;
    const startsOver = hasEnded || error instanceof PutBlocked || error.code === 'upload_gone';
    // once a disk is back, a file can be read again; WebKit can read none while a page is closed
    const isKept = memory && error.code === 'unreadable';
    const isOver = startsOver || job.signal.aborted || !error.retryable;
    if (isOver && !grant.completing) {
      if (!isKept) abort(job, grant);
      job.unconfirmed = null;
    }
    if (isOver && !isKept && !(job.signal.aborted && grant.completing)) memory?.forget();
    throw error;
  }
}

/**
 * @param {Job} job
 * @param {PartsGrant} grant
 * @param {Parts} parts
 * @param {AbortSignal} over  ends the check of what was sent earlier
 * @returns {Promise<Result>}
 */
async function finish(job, grant, parts, over) {
  if (grant.completing) {
    const result = await confirm(job, grant, null);
    if (result) return result; // the file has not been compared with what was sent
    job.unconfirmed = grant;
  }
  const sent = grant.sent ?? {};
  const others = Object.keys(sent);
  const until = { ...job, signal: over };
  await check(until, parts, sent, [...others.splice(0, 1), ...others.splice(-1)]);
  const checked = check(until, parts, sent, others); // meanwhile
  checked.catch(() => {}); // who waits for it gets it too
  for (let rounds = 0; rounds < ATTEMPTS;) {
    const isGone = await send(job, parts);
    if (others.length > 0) job.report({ state: 'checking' });
    await checked;
    if (!isGone && parts.unsent().length > 0) continue; // the check has found some that differ
    const result = await complete(job, grant);
    if (result) {
      const crcs = Object.values(sent); // in the order of their numbers
      const isKnown = crcs.length === grant.parts; // not if OSS completed an upload of which a part differs
      job.crc = isKnown ? combine(crcs, grant.part_size, parts.blobOf(grant.parts).size) : null;
      return result;
    }
    rounds += 1;
  }
  throw new UploadError('parts_missing', 'Parts are gone.', {
    status: 409,
    retryable: true,
  });
}

/**
 * @param {Job} job
 * @param {Parts} parts
 * @returns {Promise<boolean>} whether OSS does not know the upload any more: it may have been completed
 */
async function send(job, parts) {
  for (;;) {
    try {
      await unlessPaused(job, (signal) => parts.sendAll({ ...job, signal }));
      return false;
    } catch (caught) {
      if (toUploadError(caught, job.signal).code === 'NoSuchUpload') return true;
      if (caught !== PAUSED) throw caught;
    }
    parts.stop();
    await whilePaused(job, parts.loaded());
  }
}

/**
 * Compares parts that were sent earlier with the file, so that two files are never mixed. What differs is sent again; what
 * cannot be read in time is believed.
 *
 * @param {Job} job
 * @param {Parts} parts
 * @param {Record<string, string>} sent
 * @param {string[]} numbers
 * @throws {UploadError} when the file cannot be read
 */
async function check(job, parts, sent, numbers) {
  for (const number of numbers) {
    const crc = await assertReadable(job, 0, parts.blobOf(Number(number)));
    job.signal.throwIfAborted();
    if (crc !== null && crc !== sent[number]) delete sent[number];
  }
}
