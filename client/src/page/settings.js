/**
 * The page's settings: the address of the token function, and what may be uploaded. No DOM.
 * Refusing a file here only saves the user time: the token function decides again.
 */

import { wait, withTimeLimit } from '../lib/timing.js';
import { NetworkFault } from '../lib/upload.js';

/** @import { Answer, Headers } from '../lib/upload.js' */

/** @typedef {(url: string, headers: Headers, signal: AbortSignal) => Promise<Answer>} Get */

/**
 * @typedef {{maxBytes: number, slowestBytesPerSecond: number | null, types: string[]}} Limits
 *   `types` are complete ones, such as `image/png`, or end in `/*`.
 *
 * @typedef {{tokenUrl: string, autoUpload: boolean, shrinkImages: unknown, limits: Limits}} Settings
 *   `autoUpload`: files are sent as soon as they are chosen. `shrinkImages`: images are made smaller before;
 *   `true`, or what shrinking.js reads.
 *   `limits` holds for what is sent.
 *
 * @typedef {'too_large' | 'type_not_allowed' | 'duplicate' | 'unconfirmed'} Refused
 */

const ANSWER_MS = 15_000;
const SHRINKABLE = new Set(['image/jpeg', 'image/png', 'image/webp']);
const SHRINKABLE_MIN_BYTES = 100 * 1024; // less is sent in no time
const SHRINKABLE_MAX_BYTES = 100 * 1024 ** 2; // more does not fit into a phone's memory as pixels

/** The page cannot work: something is missing; `page`, when its own code failed. `code` is the token function's, if its answer had one. */
export class SettingsError extends Error {
  /** @param {'config' | 'limits' | 'sign_in' | 'page'} missing @param {string} message @param {string} [code] */
  constructor(missing, message, code = '') {
    super(message);
    this.missing = missing;
    this.code = code;
  }
}

/**
 * Reads `config.json`, which lies beside the page, then the token function's limits.
 *
 * @param {Get} get
 * @param {string} pageUrl
 * @param {import('../lib/upload.js').Headers} headers  for the token function
 * @returns {Promise<Settings>}
 * @throws {SettingsError} and only where an answer is missing or wrong
 */
export async function readSettings(get, pageUrl, headers) {
  const config = await readJson(get, new URL('config.json', pageUrl).href, {}, 'config');
  const tokenUrl = tokenUrlIn(config, pageUrl);
  const { shrinkImages } = config;
  const limits = limitsIn(await readJson(get, `${tokenUrl}limits`, headers, 'limits'));
  return { tokenUrl, autoUpload: config['autoUpload'] === true, shrinkImages, limits };
}

/**
 * @param {{size: number | null, type: string}} file  its type by the one name
 * @param {Limits} limits
 * @returns {Refused | null}
 */
export function reasonToRefuse({ size, type }, { maxBytes, types }) {
  if ((size ?? 0) > maxBytes) return 'too_large';
  const allowed = types.some(
    (pattern) =>
      pattern === '*/*' ||
      pattern === type ||
      (pattern.endsWith('/*') && type.startsWith(pattern.slice(0, -1))),
  );
  return allowed ? null : 'type_not_allowed';
}

/** @param {{type: string, size: number | null}} file @returns {boolean} whether it is tried to make it smaller, where the page does */
export function mayShrink({ type, size }) {
  return (
    SHRINKABLE.has(type) && size !== null && size >= SHRINKABLE_MIN_BYTES && size <= SHRINKABLE_MAX_BYTES
  );
}

/**
 * @param {Get} get
 * @param {string} url
 * @param {import('../lib/upload.js').Headers} headers
 * @param {'config' | 'limits'} missing  if there is no answer, or not the right one
 * @returns {Promise<Record<string, unknown>>}
 */
async function readJson(get, url, headers, missing) {
  try {
    const { signal } = new AbortController(); // nobody cancels
    const { status, body } = await withTimeLimit({ signal, wait, now: Date.now }, ANSWER_MS, (over) =>
      get(url, headers, over),
    );
    if (status === 401) throw new SettingsError('sign_in', `${url}: answered 401`, codeIn(body));
    if (status !== 200) throw new SettingsError(missing, `${url}: answered ${status}`);
    return Object(JSON.parse(body));
  } catch (error) {
    if (!(error instanceof NetworkFault || error instanceof SyntaxError)) throw error; // a fault of ours
    throw new SettingsError(missing, `${url}: ${error.message}`);
  }
}

/** @param {string} problem  problem+json @returns {string} */
function codeIn(problem) {
  try {
    return String(JSON.parse(problem).code);
  } catch {
    return '';
  }
}

/** @param {Record<string, unknown>} config @param {string} pageUrl @returns {string} ending in a slash */
function tokenUrlIn(config, pageUrl) {
  const given = config['tokenUrl'];
  try {
    const url = typeof given === 'string' && given ? new URL(given, pageUrl) : null;
    if (url && /^https?:$/.test(url.protocol)) return url.origin + url.pathname.replace(/\/*$/, '/');
  } catch {
    // reported below
  }
  throw new SettingsError('config', 'config.json has no "tokenUrl" that is an http address');
}

/** @param {Record<string, unknown>} answer @returns {Limits} */
function limitsIn({ max_bytes: maxBytes, slowest_bytes_per_second: slowest, types }) {
  const isComplete =
    typeof maxBytes === 'number' &&
    maxBytes > 0 &&
    maxBytes < Infinity &&
    Array.isArray(types) &&
    types.every((type) => typeof type === 'string');
  if (!isComplete) throw new SettingsError('limits', 'not the answer of a token function');
  return {
    maxBytes,
    slowestBytesPerSecond: typeof slowest === 'number' ? slowest : null,
    types: types.map((type) => type.toLowerCase()),
  };
}
