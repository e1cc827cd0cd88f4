/**
 * How many forms and parts a page sends at the same time, of all its uploads together: browsers open six connections to a
 * host, and what waits for one would be taken for stalled.
 */
import { unlessAborted } from './timing.js';

const PAGE_SENDS = 6;

/** @type {{busy: number, waiting: ((value: unknown) => void)[]}} of the whole page, as the connections are */
const slots = { busy: 0, waiting: [] };

/**
 * @template T
 * @param {AbortSignal} signal
 * @param {() => Promise<T>} run
 * @returns {Promise<T>}
 */
export async function inSlot(signal, run) {
  while (slots.busy >= PAGE_SENDS) await unlessAborted(signal, (resolve) => void slots.waiting.push(resolve));
  slots.busy += 1;
  try {
    return await run();
  } finally {
    slots.busy -= 1;
    for (const resolve of slots.waiting.splice(0)) resolve(null); // each looks again, in turn
  }
}
