/**
 * Reads what the token function, OSS and the callback function answer. No network.
 */
import { OWN_CODES, UploadError } from './errors.js';
import { retryAfterMs } from './retry.js';

/** @import { Job } from './options.js' */
/** @import { Answer, Grant, Result } from './protocol.js' */

/**
 * The file is stored only if the answer is 200 and a JSON object with `"Status":"OK"` and the grant's id.
 *
 * @param {Answer} answer
 * @param {Grant} grant
 * @returns {Result | null}
 */
export function resultIn(answer, grant) {
  const body = answer.status === 200 ? jsonObject(answer.body) : {};
  return body['Status'] === 'OK' && body['id'] === grant.id ? /** @type {Result} */ (body) : null;
}

/** @param {Answer} answer @returns {Grant | null} null if it is none, or a part of it is missing */
export function grantIn(answer) {
  if (answer.status !== 200) return null;
  const grant = /** @type {Partial<Grant>} */ (jsonObject(answer.body));
  const texts = [grant.id, grant.url, grant.ticket, grant.confirm];
  const isComplete =
    texts.every((text) => typeof text === 'string') &&
    Number(grant.expires_in) > 0 &&
    grant.fields &&
    typeof grant.fields === 'object';
  return isComplete ? /** @type {Grant} */ (grant) : null;
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
      retryable: isNonsense || isUndecided(status) || status === 429 || canRenewToken,
      requestId:
        textOf('request_id', 'RequestId') ||
        headers['x-oss-request-id'] ||
        headers['x-fc-request-id'] ||
        null,
      ec: xmlText(body, 'EC') ?? null,
      retryAfterMs: retryAfterMs(headers['retry-after'] ?? '', job.now()),
    },
  );
}

/** @param {Answer} answer */
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

/** @param {string} text @returns {Record<string, unknown>} empty when it is not a JSON object */
function jsonObject(text) {
  try {
    const value = JSON.parse(text);
    return value && typeof value === 'object' ? value : {};
  } catch {
    return {};
  }
}

/**
 * @param {string} text
 * @param {string} tag
 * @returns {string | undefined} the text of the first such element; in OSS's errors no element has children
 */
function xmlText(text, tag) {
  const entities = /** @type {Record<string, string>} */ ({
    lt: '<',
    gt: '>',
    quot: '"',
    apos: "'",
    amp: '&',
  });
  return new RegExp(`<${tag}>([^<]*)</${tag}>`)
    .exec(text)?.[1]
    ?.replace(/&(?:#(\d{1,6})|#x([\da-f]{1,5})|(\w+));/gi, (all, dec, hex, name) =>
      name
        ? (Object.hasOwn(entities, name) && entities[name]) || all
        : String.fromCodePoint(dec ? Number(dec) : parseInt(hex, 16)),
    );
}
