/**
 * Reads what the token function, OSS and the callback function answer. No network.
 */
import { OWN_CODES, UploadError } from './errors.js';
import { retryAfterMs } from './retry.js';

/** @import { Job } from './options.js' */
/** @import { Answer, FormGrant, Grant, PartsGrant, Result } from './protocol.js' */

/**
 * The file is stored only if the answer is 200 and a JSON object with `"Status":"OK"` and the grant's id.
 *
 * @param {Pick<Answer, 'status' | 'body'>} answer
 * @param {Grant} grant
 * @returns {Result | null}
 */
export function resultIn(answer, grant) {
  const body = answer.status === 200 ? jsonObject(answer.body) : {};
  return body['Status'] === 'OK' && body['id'] === grant.id ? /** @type {Result} */ (body) : null;
}

/**
 * @param {Answer} answer  to a request for many files
 * @param {number} nth
 * @returns {Answer} what concerns one of them: its grant, its own problem, or the refusal of the whole request
 */
export function answerFor(answer, nth) {
  const one = answer.status === 200 && listIn(answer, 'uploads')[nth];
  if (!one) return answer;
  const { problem } = one;
  return {
    status: Number(problem?.status) || answer.status,
    headers: {},
    body: JSON.stringify(problem ?? one),
  };
}

/**
 * @param {Answer} answer
 * @param {number} size  of the file
 * @returns {Grant | null} null if it is none, or a member of it is missing
 */
export function grantIn(answer, size) {
  if (answer.status !== 200) return null;
  const grant = /** @type {Partial<Omit<FormGrant, 'kind'> & Omit<PartsGrant, 'kind'>> & {kind?: string}} */ (
    jsonObject(answer.body)
  );
  const { id, ticket, confirm, url, fields, part_size: partSize = 0 } = grant;
  const isInParts = grant.kind === 'multipart';
  const isComplete =
    [id, ticket, confirm, isInParts ? '' : url].every((text) => typeof text === 'string') &&
    Number(grant.expires_in) > 0 &&
    (isInParts ? grant.parts === Math.ceil(size / partSize) : fields && typeof fields === 'object');
  return isComplete ? /** @type {Grant} */ (grant) : null;
}

/**
 * @param {Pick<Answer, 'body'>} answer
 * @param {string} name
 * @returns {any[]} the list of that name; empty if there is none
 */
export function listIn({ body }, name) {
  const list = jsonObject(body)[name];
  return Array.isArray(list) ? list : [];
}

/**
 * The error in an answer: problem+json from the functions, XML from OSS, or only a status. A 2xx here is an answer
 * that makes no sense, so that asking again may help: Function Compute answers 200 when a function crashed.
 *
 * @param {Answer} answer
 * @param {Pick<Job, 'now' | 'headers'>} job
 */
export function errorIn(answer, job) {
  const { status, headers, body } = answer;
  const problem = jsonObject(body);
  /** @param {string} name  of a JSON member @param {string} tag  of an XML element */
  const textOf = (name, tag) =>
    [problem[name], xmlText(body, tag)].find((text) => typeof text === 'string') ?? '';
  const isNonsense = isSuccess(answer);
  const code = textOf('code', 'Code').replace(OWN_CODES, '');
  const canRenewToken = code === 'token_expired' && typeof job.headers === 'function';
  return new UploadError(
    code || (isNonsense ? 'bad_answer' : `http_${status}`),
    textOf('detail', 'Message'),
    {
      status,
      retryable:
        problem['retryable'] === true || isNonsense || isUndecided(status) || status === 429 || canRenewToken,
      requestId:
        textOf('request_id', 'RequestId') ||
        headers['x-oss-request-id'] ||
        headers['x-fc-request-id'] ||
        null,
      ec: xmlText(body, 'EC') ?? null,
      retryAfterMs: retryAfterMs(headers['retry-after'] ?? '', job.now()),
      numbers: listIn(answer, 'numbers'),
    },
  );
}

/** @param {{status: number}} answer */
export function isSuccess({ status }) {
  return status >= 200 && status <= 299;
}

/**
 * @param {number} status
 * @returns {boolean} whether OSS, a function or a gateway gave up: the request may have been carried out all the same
 */
export function isUndecided(status) {
  return status === 408 || status >= 500;
}

/** @param {string} text @returns {Record<string, unknown>} without members of ours when it is no JSON object */
export function jsonObject(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

/** @type {Record<string, string>} of XML */
const ENTITIES = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

/**
 * @param {string} text
 * @param {string} tag
 * @returns {string | undefined} the text of the first such element; in OSS's errors no element has children
 */
function xmlText(text, tag) {
  return new RegExp(`<${tag}>([^<]*)</${tag}>`)
    .exec(text)?.[1]
    ?.replace(/&([a-z]{2,4});/g, (all, name) => ENTITIES[name] ?? all);
}
