/**
 * Asks the token function for a grant to upload one file.
 */
import { errorIn, grantIn } from './answers.js';
import { askOnline, unlessAborted, withTimeLimit } from './timing.js';

/** @import { UploadError } from './errors.js' */
/** @import { Job } from './options.js' */
/** @import { Grant, Headers } from './protocol.js' */

export const ANSWER_MS = 15_000; // for a function: it gives up after 5 s; cold start and a slow line add to that

/**
 * The type is asked for as the browser says it, even if it says none: the token function knows all spellings, and what
 * a name says. It accepts no parameters, which the type of a recording may have: `video/webm;codecs=vp9`.
 *
 * @param {Job} job
 * @param {UploadError | null} after  the error of the try before
 * @returns {Promise<Grant>}
 * @throws {UploadError} the token function's refusal
 */
export async function requestGrant(job, after) {
  const { name, size, type = '' } = job.file; // apps have files without a type
  const query = Object.entries({ name, size, type: type.replace(/;.*/s, '').trim() }).map(
    ([key, value]) => `${key}=${encodeURIComponent(value)}`,
  ); // URLSearchParams would write a space as +
  const url = `${job.tokenUrl}?${query.join('&')}`;
  const answer = await askOnline(job, async (again) => {
    const headers = await headersFor(job, again ?? after);
    return withTimeLimit(job, ANSWER_MS, (signal) => job.transport.get(url, headers, signal));
  });
  const grant = grantIn(answer);
  if (!grant) throw errorIn(answer, job);
  return grant;
}

/** @param {Job} job @param {UploadError | null} after @returns {Promise<Headers>} */
async function headersFor({ headers, file, signal }, after) {
  if (typeof headers !== 'function') return headers;
  return unlessAborted(signal, (resolve, _, reject) => {
    Promise.resolve(headers(file, after)).then(resolve, reject);
  });
}
