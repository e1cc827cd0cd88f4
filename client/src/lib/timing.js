/**
 * Waiting that the caller can abort: for time to pass, for the network, and for an answer within a time limit.
 */
import { NetworkFault } from './errors.js';

/** @import { Job } from './options.js' */

/**
 * Waits for what `begin` starts. In the end `over` aborts, so that no listener or timer stays behind.
 *
 * @template T
 * @param {AbortSignal} signal  rejects with its reason
 * @param {(resolve: (value: T) => void, over: AbortSignal, reject: (reason: unknown) => void) => void} begin
 * @returns {Promise<T>}
 */
export async function unlessAborted(signal, begin) {
  signal.throwIfAborted();
  const over = new AbortController();
  try {
    return await new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { signal: over.signal });
      begin(resolve, over.signal, reject);
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

/** @param {AbortSignal} signal */
export async function online(signal) {
  if (globalThis.navigator?.onLine !== false) return;
  await unlessAborted(signal, (resolve, over) => {
    globalThis.addEventListener('online', resolve, { signal: over });
  });
}

/**
 * Runs one request when the browser is online, under the caller's signal and a time limit. Each call of `touch`
 * starts the time limit again.
 *
 * @template T
 * @param {Job} job
 * @param {number} limitMs
 * @param {(signal: AbortSignal, touch: () => void) => Promise<T>} run
 * @returns {Promise<T>}
 */
export async function withTimeLimit(job, limitMs, run) {
  await job.online(job.signal);
  job.signal.throwIfAborted();
  const own = new AbortController();
  let timer = new AbortController();
  const stop = () => own.abort(job.signal.reason);
  const touch = () => {
    timer.abort();
    timer = new AbortController();
    job.wait(limitMs, timer.signal).then(
      () => own.abort(new NetworkFault(`Nothing moved for ${limitMs / 1000} s.`)),
      () => {}, // touched or ended
    );
  };
  job.signal.addEventListener('abort', stop);
  touch();
  try {
    const ended = new Promise((_, reject) => {
      own.signal.addEventListener('abort', () => reject(own.signal.reason));
    });
    ended.catch(() => {}); // no unhandled rejection if the transport throws before the race begins
    return await Promise.race([run(own.signal, touch), /** @type {Promise<never>} */ (ended)]);
  } finally {
    timer.abort();
    own.abort(); // progress events after the answer are ignored
    job.signal.removeEventListener('abort', stop);
  }
}
