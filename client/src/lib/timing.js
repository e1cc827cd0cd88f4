/**
 * Waiting that the caller can abort: for time to pass, for the network, and for an answer within a time limit.
 */
import { NetworkFault, UploadError, toUploadError } from './errors.js';

/** @import { Job } from './options.js' */

const OFFLINE_FIRST_MS = 3_000; // how long a browser that says it is offline is believed, before a first try
const OFFLINE_MAX_MS = 30_000; // and between later ones
const LATE_MS = 2_000; // a timer fires so late after the machine's sleep, or where the browser was stopped

/**
 * Waits for what `begin` starts. In the end `over` aborts, so that no listener or timer stays behind.
 *
 * @template T
 * @param {AbortSignal} signal  rejects with its reason
 * @param {(resolve: (value: T) => void, over: AbortSignal, reject: (reason: unknown) => void) => Promise<T> | void} begin
 *   what it returns settles the wait too
 * @returns {Promise<T>}
 */
export async function unlessAborted(signal, begin) {
  signal.throwIfAborted();
  const over = new AbortController();
  try {
    return await new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { signal: over.signal });
      begin(resolve, over.signal, reject)?.then(resolve, reject);
    });
  } finally {
    over.abort();
  }
}

/** @param {number} ms @param {AbortSignal} signal */
export function wait(ms, signal) {
  return unlessAborted(signal, (resolve, over) => {
    const timer = setTimeout(resolve, ms);
    over.addEventListener('abort', () => clearTimeout(timer));
  });
}

/** Lets everything else begin that is about to. No timer: pages in the background have one in a second, or a minute. */
export function turn() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve(port1.close());
    port2.postMessage(null);
  });
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} false after this time in which the browser has said that it is offline
 */
export async function online(ms, signal) {
  if (globalThis.navigator?.onLine !== false) return true;
  return unlessAborted(signal, (resolve, over) => {
    globalThis.addEventListener('online', () => resolve(true), { signal: over });
    return wait(ms, over).then(() => false);
  });
}

/** @type {WeakSet<Job['online']>} those that were wrong the last time they said offline */
const mistaken = new WeakSet();

/**
 * Asks when the browser is online, or after some seconds all the same: many a browser that says it is offline is not
 * (VPNs, blocked probes of the system). Once an answer came while it said so, it is not waited for any more. Without an
 * answer it is believed, and asked again later: that is no failed try.
 *
 * @template T
 * @param {Job} job
 * @param {(after: UploadError | null) => Promise<T>} ask  gets the error of the time before
 * @returns {Promise<T>}
 */
export async function askOnline(job, ask) {
  let after = null;
  for (let waitMs = OFFLINE_FIRST_MS; ; waitMs = Math.min(2 * waitMs, OFFLINE_MAX_MS)) {
    const isOffline = (await job.online(mistaken.has(job.online) ? 0 : waitMs, job.signal)) === false;
    try {
      const answer = await ask(after);
      if (isOffline) mistaken.add(job.online);
      return answer;
    } catch (error) {
      mistaken.delete(job.online);
      if (!isOffline || error instanceof UploadError || job.signal.aborted) throw error;
      after = toUploadError(error, job.signal);
    }
  }
}

/**
 * Runs one request under the caller's signal and a time limit. Each call of `touch` starts the time limit again, and
 * so does, once, a timer that fires late: the connection may have lived through the machine's sleep.
 *
 * @template T
 * @param {Pick<Job, 'signal' | 'now' | 'wait'>} job
 * @param {number} limitMs
 * @param {(signal: AbortSignal, touch: () => void) => Promise<T>} run
 * @returns {Promise<T>}
 */
export function withTimeLimit({ signal, now, wait: pause }, limitMs, run) {
  return unlessAborted(signal, (_, over, reject) => {
    let touchedAt = now();
    let mayBeLate = true;
    const touch = () => {
      touchedAt = now();
      mayBeLate = true;
    };
    const watch = async () => {
      for (let leftMs = limitMs; leftMs > 0; leftMs = touchedAt + limitMs - now()) {
        const dueAt = now() + leftMs;
        await pause(leftMs, over);
        if (mayBeLate && now() - dueAt > LATE_MS) {
          touch();
          mayBeLate = false;
        }
        touchedAt = Math.min(touchedAt, now()); // the clock may have been set back
      }
      reject(new NetworkFault('Nothing moved.'));
    };
    watch().catch(() => {}); // over
    return run(over, touch);
  });
}
