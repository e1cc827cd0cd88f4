/**
 * The addresses that parts are sent to: asked for by need, many at a time, and kept while they live.
 */
import { errorIn, jsonObject, listIn } from './answers.js';
import { ANSWER_MS, addressOf, askByTicket } from './grant.js';

/** @import { Job } from './options.js' */
/** @import { PartsGrant } from './protocol.js' */

const MAX_NUMBERS = 20; // in one request
const LIFE_SHARE = 0.9; // of an address's life, counted from its arrival here

/**
 * @param {PartsGrant} grant
 * @param {() => number[]} unsent  numbers of the parts that are still to be sent
 */
export function partAddresses(grant, unsent) {
  /** @type {Map<number, {url: string, until: number}>} */
  const known = new Map();
  /** @type {Promise<void> | null} */
  let asking = null;

  /** @param {Job} job @param {number} number @returns {string} empty if there is none that lives */
  const addressFor = ({ now }, number) => {
    const { url = '', until = 0 } = known.get(number) ?? {};
    return now() < until ? url : '';
  };

  /** @param {Job} job @param {number} number */
  const ask = async (job, number) => {
    const wanted = unsent().filter((one) => !addressFor(job, one));
    const numbers = wanted.slice(0, MAX_NUMBERS);
    const answer = await askByTicket(job, grant, addressOf(job, 'parts'), ANSWER_MS, { numbers });
    const until = job.now() + Number(jsonObject(answer.body)['expires_in']) * 1000 * LIFE_SHARE;
    for (const part of listIn(answer, 'parts')) known.set(part.number, { url: part.url, until });
    if (!addressFor(job, number)) throw errorIn(answer, job);
  };

  return {
    addressFor,
    /** The request under way has been ended: what comes next waits for one of its own. */
    stop: () => {
      asking = null;
    },
    /** @param {number} number  whose address has failed */
    drop: (number) => known.delete(number),
    /** @param {Job} job @param {number} number  one of the next to be sent @returns {Promise<string>} */
    get: async (job, number) => {
      while (!addressFor(job, number)) await (asking ??= ask(job, number).finally(() => (asking = null)));
      return addressFor(job, number);
    },
  };
}
