/**
 * Asks the token function for a grant to upload one file. Files that are wanted at the same moment share one request.
 */
import { answerFor, errorIn, grantIn } from './answers.js';
import { askOnline, unlessAborted, withTimeLimit } from './timing.js';

/** @import { UploadError } from './errors.js' */
/** @import { Job } from './options.js' */
/** @import { Answer, Grant, Headers } from './protocol.js' */

export const ANSWER_MS = 15_000; // only a completion may take a function more than 5 s; cold start and a slow line add

const MAX_FILES = 20; // in one request
const LARGE_BYTES = 8 * 1024 ** 2; // a request begins one upload in parts at most; a second, of a smaller file, is refused for now

/**
 * @typedef {{wanted: object, signal: AbortSignal}} Member
 *
 * @typedef {Object} Batch
 * @property {Member[]} members
 * @property {boolean} hasLarge
 * @property {AbortController} over  ends the request, when the last member has gone
 * @property {Promise<Map<Member, Answer>>} answers  what concerns each of them
 */

/** @type {Map<string, Batch>} by address and headers: those that more files may join, until the turn of the page's tasks ends */
const open = new Map();

/** @param {Job} job @param {string} path @returns {string} */
export function addressOf({ tokenUrl }, path) {
  return `${tokenUrl.replace(/\/$/, '')}/${path}`;
}

/**
 * What concerns a grant that was given: its ticket is all that is needed.
 *
 * @param {Job} job
 * @param {Grant} grant
 * @param {string} url
 * @param {number} limitMs
 * @param {object} [more]  members of the request
 * @returns {Promise<Answer>}
 */
export function askByTicket(job, { ticket }, url, limitMs, more) {
  return askOnline(job, () =>
    withTimeLimit(job, limitMs, (signal) => job.transport.postJson(url, { ticket, ...more }, {}, signal)),
  );
}

/**
 * @param {Job} job
 * @param {UploadError | null} after  the error of the try before
 * @returns {Promise<Grant>}
 * @throws {UploadError} the token function's refusal
 */
export async function requestGrant(job, after) {
  const answer = await askOnline(job, async (again) => {
    const headers = await headersFor(job, again ?? after);
    return withTimeLimit(job, ANSWER_MS, (signal) => ask(job, headers, signal));
  });
  const grant = grantIn(answer, job.file.size);
  if (!grant) throw errorIn(answer, job);
  grant.until = job.now() + grant.expires_in * 1000;
  return grant;
}

/** @param {Job} job @param {UploadError | null} after @returns {Promise<Headers>} */
async function headersFor({ headers, file, signal }, after) {
  const given = async () => (typeof headers === 'function' ? headers(file, after) : headers);
  return (await unlessAborted(signal, given)) ?? {};
}

/**
 * The type is asked for as the browser says it, even if it says none: the token function knows all spellings, and what
 * a name says. It accepts no parameters, which the type of a recording may have: `video/webm;codecs=vp9`.
 *
 * @param {Job} job
 * @param {Headers} headers
 * @param {AbortSignal} signal
 * @returns {Promise<Answer>} what concerns this file
 */
async function ask(job, headers, signal) {
  const { name, size, type = '' } = job.file; // apps have files without a type
  const { data, profile, inParts } = job;
  const file = {
    name,
    size,
    type: type.replace(/;.*/s, '').trim(),
    data,
    profile,
    multipart: inParts || undefined,
  };
  const member = { wanted: JSON.parse(JSON.stringify(file)), signal }; // here: what is no JSON fails no other file
  const isLarge = inParts && size > LARGE_BYTES;
  const key = JSON.stringify([job.tokenUrl, headers]);
  let batch = open.get(key);
  const isFull = batch?.members.length === MAX_FILES || (isLarge && batch?.hasLarge);
  if (!batch || isFull || batch.over.signal.aborted) open.set(key, (batch = begin(job, headers, key)));
  const { members, over, answers } = batch;
  members.push(member);
  batch.hasLarge ||= isLarge;
  signal.addEventListener('abort', () => members.every((one) => one.signal.aborted) && over.abort());
  return /** @type {Answer} */ ((await answers).get(member));
}

/** @param {Job} job @param {Headers} headers @param {string} key @returns {Batch} */
function begin(job, headers, key) {
  const over = new AbortController();
  /** @type {Member[]} */
  const members = [];
  const send = async () => {
    open.delete(key);
    over.signal.throwIfAborted();
    const asked = members.filter(({ signal }) => !signal.aborted);
    const files = asked.map(({ wanted }) => wanted);
    const answer = await job.transport.postJson(addressOf(job, 'uploads'), { files }, headers, over.signal);
    return new Map(asked.map((member, nth) => [member, answerFor(answer, nth)]));
  };
  return { members, hasLarge: false, over, answers: job.turn().then(send) };
}
