/**
 * Sends the parts of one file: several at a time, fewer while they fail. What has failed is sent again alone.
 */
import { errorIn } from './answers.js';
import { assertReadable, checksumOf } from './checksum.js';
import { UploadError, toUploadError } from './errors.js';
import { STALL_MS, expiredError, isExpired } from './form.js';
import { inSlot } from './page-slots.js';
import { partAddresses } from './part-addresses.js';
import { reporter } from './progress.js';
import { ATTEMPTS, backOff, isOutage } from './retry.js';
import { askOnline, unlessAborted, withTimeLimit } from './timing.js';

/** @import { Job } from './options.js' */
/** @import { PartsGrant } from './protocol.js' */

const FILE_PARTS = 4; // of one file at the same time
const STRAIN_MAX = 7; // failures to make good; up to four, one cut of the line, are no reason to send fewer at a time
const GAP_MS = 180_000; // without a byte: a pause, a sleep or an outage, in which nothing is sent
const BLOCKED_AFTER = 3; // tries of a part of which no byte has ever left

/** No part gets through, where a form may: an old rule of CORS allows no PUT. No caller of `uploadFile` sees it. */
export class PutBlocked extends UploadError {}

/** @typedef {ReturnType<typeof partsOf>} Parts */

/**
 * @param {Job} job
 * @param {PartsGrant} grant  whose `sent` has the CRC64 of each part that has arrived
 * @param {() => void} save  keeps the grant: before parts are sent, and after each that has arrived
 */
export function partsOf(job, grant, save) {
  const { file } = job;
  const sent = (grant.sent ??= {});
  /** @type {Map<number, number>} bytes that have left, of each part under way */
  const leaving = new Map();
  /** @type {Map<number, number>} of each part since the last success of any */
  const failures = new Map();
  let movedAt = 0;
  let sendingMs = 0;
  let failingSince = 0;
  let strain = 0;
  let hasLeft = false;

  /** @param {number} number @returns {Blob} without a type: nobody has signed one */
  const blobOf = (number) => file.slice((number - 1) * grant.part_size, number * grant.part_size);

  /** The numbers of the parts that have not arrived. */
  const unsent = () => Array.from({ length: grant.parts }, (_, n) => n + 1).filter((number) => !sent[number]);

  /** Bytes that have arrived or left. */
  const loaded = () => {
    const count = Object.keys(sent).length;
    const arrived =
      count * grant.part_size - (sent[grant.parts] ? grant.parts * grant.part_size - file.size : 0);
    return [...leaving.values()].reduce((sum, bytes) => sum + bytes, arrived);
  };

  const report = reporter(job, loaded);
  const addresses = partAddresses(grant, unsent);

  /**
   * @param {Job} one
   * @param {number} number
   * @param {string} url
   * @returns {Promise<string>} the part's CRC64
   */
  const put = (one, number, url) =>
    withTimeLimit(one, STALL_MS, async (signal, touch) => {
      const part = blobOf(number);
      /** @param {number} bytes */
      const onProgress = (bytes) => {
        if (signal.aborted) return;
        touch();
        const gapMs = job.now() - movedAt;
        if (gapMs > 0 && gapMs < GAP_MS) sendingMs += gapMs;
        movedAt = job.now();
        hasLeft ||= bytes > 0;
        leaving.set(number, bytes);
        report();
      };
      const [answer, crc] = await Promise.all([
        one.transport.putPart(url, part, onProgress, signal),
        checksumOf(one, part, signal, touch),
      ]);
      if (answer.status !== 200) throw errorIn(answer, one);
      const stored = answer.headers['x-oss-hash-crc64ecma'];
      if (stored && stored !== crc)
        throw new UploadError('corrupted', `Part ${number} was damaged.`, { retryable: true });
      return crc;
    });

  /** @param {Job} one @param {number} number  one try; after a failure it waits */
  const send = async (one, number) => {
    let isOld = false;
    let url = '';
    try {
      const crc = await askOnline(one, () =>
        inSlot(one.signal, async () => {
          isOld = Boolean(addresses.addressFor(one, number));
          url = await addresses.get(one, number);
          return put(one, number, url);
        }),
      );
      leaving.delete(number);
      sent[number] = crc;
      failures.clear();
      strain = Math.max(0, strain - 1);
      report(loaded() === file.size);
      save();
    } catch (caught) {
      const failure = toUploadError(caught, one.signal);
      if (failure.code === 'aborted') throw failure;
      leaving.delete(number);
      addresses.drop(number);
      report(true);
      if (failure.code === 'network') await assertReadable(one);
      const error = isExpired(failure) ? expiredError(failure, 0, grant) : failure;
      if (error !== failure && isOld) return;
      if (!error.retryable) throw error;
      await onFailure(one, number, error, url);
    }
  };

  /** @param {Job} one @param {number} number @param {UploadError} error @param {string} url */
  const onFailure = async (one, number, error, url) => {
    const times = (failures.get(number) ?? 0) + 1;
    if (failures.size === 0) failingSince = one.now();
    failures.set(number, times);
    strain = Math.min(STRAIN_MAX, strain + 1);
    const hasArrived = Object.keys(sent).length > 0;
    const isBlocked = url && error.code === 'network' && !hasLeft && !hasArrived;
    if (isBlocked && times === BLOCKED_AFTER) throw new PutBlocked(error.code, error.message, error);
    if (times >= ATTEMPTS && !(hasArrived && isOutage(one, error, failingSince))) throw error;
    await backOff(one, times, error);
  };

  /**
   * Ends when all parts have arrived.
   *
   * @param {Job} all
   * @throws {UploadError}
   */
  const sendAll = (all) => {
    leaving.clear();
    save(); // without those that OSS has not, or that differ
    report(true);
    /** @type {Set<number>} */
    const running = new Set();
    return unlessAborted(all.signal, (resolve, over, reject) => {
      const next = () => {
        for (const number of unsent()) {
          if (over.aborted || running.size >= Math.min(FILE_PARTS, STRAIN_MAX + 1 - strain)) break;
          if (running.has(number)) continue;
          running.add(number);
          send({ ...all, signal: over }, number).then(() => {
            running.delete(number);
            next();
          }, reject);
        }
        if (running.size === 0) resolve(null);
      };
      next();
    });
  };

  return {
    blobOf,
    loaded,
    sendAll,
    /** Milliseconds in which bytes left, without longer gaps. */
    sendingMs: () => sendingMs,
    unsent,
    /** Forgets the parts that were under way. */
    stop: () => {
      leaving.clear();
      addresses.stop();
    },
  };
}
