/**
 * Sends a file in parts under one grant, or goes on with what was begun: sends, completes, and decides what an end
 * means.
 */
import { abort, complete } from './assembly.js';
import { readChecksum } from './checksum.js';
import { Paused, unlessPaused, whilePaused } from './control.js';
import { combine } from './crc64.js';
import { UploadError, toUploadError } from './errors.js';
import { expiredError } from './form.js';
import { PutBlocked, partsOf } from './parts.js';
import { ATTEMPTS } from './retry.js';

/** @import { Job, RememberedUpload } from './options.js' */
/** @import { Parts } from './parts.js' */
/** @import { PartsGrant, Result } from './protocol.js' */

/** @typedef {{over: Promise<void> | null}} Check  of what was sent earlier; null if it is over already */

const ENDED = ['upload_expired', 'not_verified', 'not_found']; // the token function gives no more addresses

/**
 * While it runs, and when it fails and can go on, `job.unconfirmed` has the grant.
 *
 * @param {Job} job
 * @param {PartsGrant} grant
 * @param {RememberedUpload | null | undefined} memory
 * @returns {Promise<{result: Result, crc: string | null}>} `crc`: of what was sent, if all of it is known
 * @throws {UploadError}
 */
export async function sendInParts(job, grant, memory) {
  const over = new AbortController();
  job.signal.addEventListener('abort', () => over.abort(), { signal: over.signal });
  job.unconfirmed = grant;
  const sent = (grant.sent ??= {});
  const parts = partsOf(job, grant, () => memory?.save(grant));
  try {
    memory?.save(grant);
    const check = await checkSent({ ...job, signal: over.signal }, parts, sent);
    const result = await finish(job, grant, parts, check);
    memory?.forget();
    job.unconfirmed = null;
    const crcs = Object.values(sent); // in the order of their numbers
    const isKnown = crcs.length === grant.parts; // not if OSS completed an upload of which a part differs
    return { result, crc: isKnown ? combine(crcs, grant.part_size, parts.blobOf(grant.parts).size) : null };
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
  } finally {
    over.abort();
  }
}

/**
 * @param {Job} job
 * @param {PartsGrant} grant
 * @param {Parts} parts
 * @param {Check} check
 * @returns {Promise<Result>}
 */
async function finish(job, grant, parts, check) {
  for (let rounds = 0; rounds < ATTEMPTS;) {
    const isGone = await send(job, parts);
    if (check.over) job.report({ state: 'checking' });
    await check.over;
    if (!isGone && parts.unsent().length > 0) continue; // the check has found some that differ
    const outcome = await complete(job, grant);
    if (outcome && !Array.isArray(outcome)) return outcome;
    if (!outcome) {
      grant.completing = false;
      throw new UploadError('upload_gone', 'Parts are gone.', { status: 409, retryable: true });
    }
    for (const number of outcome) delete grant.sent?.[number];
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
      if (caught instanceof UploadError && caught.code === 'NoSuchUpload') return true;
      if (!(caught instanceof Paused)) throw caught;
    }
    parts.stop();
    await whilePaused(job, parts.loaded());
  }
}

/**
 * Compares what was sent earlier with the file, so that two files are never mixed: the first and the last part at once,
 * the others meanwhile. What differs is sent again; what cannot be read in time is believed.
 *
 * @param {Job} job
 * @param {Parts} parts
 * @param {Record<string, string>} sent
 * @returns {Promise<Check>}
 * @throws {UploadError} when the file cannot be read
 */
async function checkSent(job, parts, sent) {
  const numbers = Object.keys(sent);
  /** @param {string[]} some */
  const check = async (some) => {
    for (const number of some) {
      const crc = await readChecksum(job, parts.blobOf(Number(number)));
      job.signal.throwIfAborted();
      if (crc !== null && crc !== sent[number]) delete sent[number];
    }
  };
  await check([...numbers.slice(0, 1), ...numbers.slice(-1)]);
  if (!numbers[2]) return { over: null };
  const over = check(numbers.slice(1, -1));
  over.catch(() => {}); // who waits for it gets it too
  return { over };
}
