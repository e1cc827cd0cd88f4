/**
 * How many forms and parts a page sends at the same time, of all its uploads together: browsers open six connections to a
 * host, and what waits for one would be taken for stalled.
 */
import { unlessAborted } from './timing.js';

const PAGE_SENDS = 6;

// of the whole page, as the connections are
let busy = 0;
/** @type {((value: unknown) => void)[]} */
const waiting = [];

/**
 * @template T
 * @param {AbortSignal} signal
 * @param {() => Promise<T>} run
 * @returns {Promise<T>}
 */
export async function inSlot(signal, run) {
  // eslint-disable-next-line no-unmodified-loop-condition -- others do meanwhile
  while (busy >= PAGE_SENDS) await unlessAborted(signal, (resolve) => void waiting.push(resolve));
  busy += 1;
  try {
    return await run();
  } finally {
    busy -= 1;
    for (const resolve of waiting.splice(0)) resolve(null); // each looks again, in turn
  }
}
