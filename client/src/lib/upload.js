/**
 * The upload protocol: one file, from a browser straight to OSS, until the callback has answered for it.
 *
 * What lives here: asking for a grant, sending the form, deciding whether the file is stored, retrying.
 * What never will: the DOM, a queue of files, words for people. Network, clock and chance enter as options.
 *
 * The rule behind it all: a file that may already be stored is confirmed, never sent again.
 */

/**
 * @typedef {Object} Grant  What the token function signed for one file.
 * @property {string} id
 * @property {string} url  where the form goes
 * @property {Record<string, string>} fields  the form, in this order
 * @property {number} expires_in  seconds
 * @property {string} ticket
 * @property {string} confirm  where the ticket asks whether the file is stored
 * @property {boolean} [stored]  added here once OSS has said that it is
 *
 * @typedef {Record<string, unknown> & {id: string}} Result  The callback's JSON answer, passed on as it came.
 *
 * @typedef {Record<string, string>} Headers
 *
 * @typedef {{status: number, headers: Headers, body: string}} Answer  Header names in lower case.
 *
 * @typedef {(
 *   | {state: 'signing'}
 *   | {state: 'sending', loaded: number, total: number}
 *   | {state: 'confirming'}
 *   | {state: 'done', result: Result}
 *   | {state: 'failed', code: string, status: number, retryable: boolean, requestId: string | null}
 * )} UploadState  `signing` after `sending` or `confirming`: it starts over. Bytes are the file's own.
 *
 * @typedef {Object} Transport  The network. Rejects with the signal's reason, or with a `NetworkFault`.
 * @property {(url: string, headers: Headers, signal: AbortSignal) => Promise<Answer>} get
 * @property {(url: string, fields: Record<string, string>, file: File,
 *   onProgress: (loaded: number, total: number) => void, signal: AbortSignal) => Promise<Answer>} postForm
 * @property {(url: string, body: unknown, headers: Headers, signal: AbortSignal) => Promise<Answer>} postJson
 *
 * @typedef {Object} World  What a test replaces.
 * @property {Transport} transport
 * @property {() => number} now  milliseconds
 * @property {() => number} random  0 to 1
 * @property {(ms: number, signal: AbortSignal) => Promise<unknown>} wait  rejects when the signal aborts
 * @property {(signal: AbortSignal) => Promise<unknown>} online  resolves at once unless offline
 *
 * @typedef {Object} Options
 * @property {string} tokenUrl  address of the token function
 * @property {Headers | ((file: File, after: UploadError | null) => Headers | Promise<Headers>)} [headers]  for
 *   the token function only; a function is asked anew for each grant, `after` what the last try failed with, and
 *   may take its time: somebody may have to sign in again
 * @property {AbortSignal} [signal]
 * @property {(state: UploadState) => void} [onState]  what it throws is for the window's `error` event
 * @property {Grant | null} [unconfirmed]  of an earlier failure: ask about that one before sending
 *
 * @typedef {World & {
 *   file: File, tokenUrl: string, headers: NonNullable<Options['headers']>, signal: AbortSignal,
 *   report: (state: UploadState) => void, unconfirmed: Grant | null,
 * }} Job
 */

const ATTEMPTS = 5;
const ANSWER_MS = 15_000; // the functions give up after 5 s; a cold start and a slow line come on top
const STALL_MS = 30_000; // without a byte moving, or without an answer once all of them have left
const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_MAX_MS = 30_000;
const RETRY_AFTER_MAX_MS = 60_000; // a wrong clock or a wild server must not park an upload
const OTHER_THAN_GRANTED = [409, 415]; // the callback function's statuses for an object that is there, but is another
// what this module decides, and no answer may say in its place
const OUR_CODES = /^(aborted|bad_answer|grant_expired|network|not_confirmed|too_slow|unexpected|unreadable)$/;
const OUTLIVED_SHARE = 0.9; // of a grant's life: the rest went into its own way here

/** Why an upload ended without an answer. `retryable`: the same file may well succeed later. */
export class UploadError extends Error {
  /**
   * @param {string} code  OSS's or the functions' own, or one of OUR_CODES, or http_<status>
   * @param {string} message
   * @param {{status?: number, retryable?: boolean, requestId?: string | null, ec?: string | null,
   *   retryAfterMs?: number}} [more]
   */
  constructor(
    code,
    message,
    { status = 0, retryable = false, requestId = null, ec = null, retryAfterMs = 0 } = {},
  ) {
    super(message || code);
    this.name = code === 'aborted' ? 'AbortError' : 'UploadError';
    this.code = code;
    this.status = status;
    this.retryable = retryable;
    this.requestId = requestId;
    this.ec = ec;
    this.retryAfterMs = retryAfterMs;
    /** @type {Grant | null} set while the file may be stored: for the next `uploadFile` of it */
    this.unconfirmed = null;
  }
}

/** No answer came. `bodyLeft`: every byte had been handed to the network, so the file may be stored. */
export class NetworkFault extends Error {
  /** @param {string} message @param {boolean} [bodyLeft] */
  constructor(message, bodyLeft = false) {
    super(message);
    this.bodyLeft = bodyLeft;
  }
}

/**
 * Uploads one file and resolves with what the callback answered for it.
 *
 * @param {File} file
 * @param {Options & Partial<World>} options
 * @returns {Promise<Result>}
 * @throws {UploadError} and nothing else; its `name` is `AbortError` when the caller's signal ended it
 */
export async function uploadFile(file, options) {
  /** @type {Job} */
  const job = {
    transport: browserTransport,
    now: Date.now,
    random: Math.random,
    wait,
    online,
    headers: {},
    ...options,
    file,
    signal: options.signal ?? new AbortController().signal,
    report: guarded(options.onState ?? (() => {})),
    unconfirmed: options.unconfirmed ?? null,
  };
  const result = await deliver(job).catch((caught) => {
    const error = toUploadError(job, caught);
    error.unconfirmed = job.unconfirmed;
    const { code, status, retryable, requestId } = error;
    job.report({ state: 'failed', code, status, retryable, requestId });
    throw error;
  });
  job.report({ state: 'done', result });
  return result;
}

/**
 * @param {string} type  of a file; a recording's may carry parameters: `video/webm;codecs=vp9`
 * @returns {string} what the token function is asked for: it knows no parameters
 */
export function mediaType(type) {
  return type.replace(/;.*/s, '').trim() || 'application/octet-stream';
}

/**
 * A caller who cannot draw a state must not change it: a stored file would be sent again.
 *
 * @param {Job['report']} onState
 * @returns {Job['report']}
 */
function guarded(onState) {
  return (state) => {
    try {
      onState(state);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
}

/** @param {Job} job @returns {Promise<Result>} */
async function deliver(job) {
  const earlier = job.unconfirmed && (await confirm(job, job.unconfirmed, null));
  if (earlier) return earlier;
  /** @type {UploadError | null} */
  let error = null;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    job.report({ state: 'signing' });
    try {
      if (error) await pause(job, attempt, error);
      return await sendOnce(job, error);
    } catch (caught) {
      error = toUploadError(job, caught);
      if (!error.retryable || job.unconfirmed || job.signal.aborted) break;
    }
  }
  throw error;
}

/**
 * One grant, one form, and the confirmation if that is what it takes.
 *
 * @param {Job} job
 * @param {UploadError | null} after  what the try before it failed with
 * @returns {Promise<Result>}
 */
async function sendOnce(job, after) {
  const grant = await askGrant(job, await headersFor(job, after));
  const { result, doubt } = await send(job, grant);
  const answer = result ?? (await confirm(job, grant, doubt));
  if (answer) return answer;
  if (!doubt)
    throw new UploadError('not_stored', 'The file did not arrive.', { status: 409, retryable: true });
  doubt.retryAfterMs = 0; // waited for before confirming
  throw doubt;
}

/** @param {Job} job @param {UploadError | null} after @returns {Promise<Headers>} */
async function headersFor(job, after) {
  const { headers, file, signal } = job;
  if (typeof headers !== 'function') return headers;
  await job.online(signal);
  return unlessAborted(signal, (resolve, _, reject) => {
    Promise.resolve(headers(file, after)).then(resolve, reject);
  });
}

/** @param {Job} job @param {Headers} headers @returns {Promise<Grant>} */
async function askGrant(job, headers) {
  const { name, size, type } = job.file;
  const query = Object.entries({ name, size, type: mediaType(type) }).map(
    ([key, value]) => `${key}=${encodeURIComponent(value)}`,
  ); // URLSearchParams would write a space as +
  const url = `${job.tokenUrl}?${query.join('&')}`;
  const answer = await limited(job, ANSWER_MS, (signal) => job.transport.get(url, headers, signal));
  const grant = answer.status === 200 ? grantIn(answer) : null;
  if (!grant) throw refusal(job, answer);
  return grant;
}

/**
 * Sends the form. Without a `result` the file may be stored without us knowing; `doubt` is what made us
 * unsure, if that was a fault: worth a pause, and what to tell should nothing be stored.
 *
 * @param {Job} job
 * @param {Grant} grant
 * @returns {Promise<{result: Result | null, doubt: UploadError | null}>}
 * @throws {UploadError} when nothing is stored
 */
async function send(job, grant) {
  const total = job.file.size;
  let firstByteAt = 0;
  let bodyLeft = false;
  job.report({ state: 'sending', loaded: 0, total });
  try {
    const answer = await limited(job, STALL_MS, (signal, touch) => {
      /** @param {number} sent @param {number} all  of the form: its fields come first, the file last */
      const onProgress = (sent, all) => {
        if (signal.aborted) return;
        touch();
        firstByteAt ||= job.now();
        bodyLeft = sent >= all;
        job.report({ state: 'sending', loaded: Math.max(0, sent - (all - total)), total });
      };
      return job.transport.postForm(grant.url, grant.fields, job.file, onProgress, signal);
    });
    const result = resultIn(answer, grant);
    if (!result && !isSuccess(answer)) throw refusal(job, answer);
    if (!result) job.unconfirmed = { ...grant, stored: true }; // 203 above all: only the callback failed
    return { result, doubt: null };
  } catch (caught) {
    const error = toUploadError(job, caught);
    if (isExpired(error) && !isGivenUp(error.status))
      throw outlived(error, firstByteAt && job.now() - firstByteAt, grant);
    const unanswered = error.status === 0 || isGivenUp(error.status); // which may hide a stored file
    const wholeBody = bodyLeft || (caught instanceof NetworkFault && caught.bodyLeft);
    if (error.code !== 'FileAlreadyExists' && !(unanswered && wholeBody)) {
      if (error.code === 'network') await assertReadable(job);
      throw error;
    }
    job.unconfirmed = { ...grant, stored: !unanswered };
    job.signal.throwIfAborted();
    return { result: null, doubt: unanswered ? error : null };
  }
}

/** @param {Job} job  whose file looks like a failing network when it was changed or deleted after it was chosen */
async function assertReadable({ file, signal }) {
  try {
    const first = file.slice(0, 1).arrayBuffer();
    await unlessAborted(signal, (resolve, _, reject) => first.then(resolve, reject));
  } catch (error) {
    throw new UploadError('unreadable', String(error));
  }
}

/**
 * Asks the callback function until it knows. Resolves with its answer, or with null when nothing is stored.
 *
 * @param {Job} job
 * @param {Grant} grant
 * @param {UploadError | null} doubt  what to wait for first
 * @returns {Promise<Result | null>}
 */
async function confirm(job, grant, doubt) {
  job.report({ state: 'confirming' });
  let error = doubt;
  for (let attempt = 1, pauses = 0; ; attempt += 1) {
    if (error) await pause(job, (pauses += 1), error);
    const said = await askWhetherStored(job, grant);
    if (!(said instanceof UploadError)) return said;
    if (OTHER_THAN_GRANTED.includes(said.status)) throw said;
    if (attempt === ATTEMPTS || !said.retryable) {
      const { status, requestId, message } = said;
      throw new UploadError('not_confirmed', message, { status, requestId, retryable: true });
    }
    error = said;
  }
}

/** @param {Job} job @param {Grant} grant @returns {Promise<Result | UploadError | null>} */
async function askWhetherStored(job, grant) {
  try {
    const answer = await limited(job, ANSWER_MS, (signal) =>
      job.transport.postJson(grant.confirm, { ticket: grant.ticket }, {}, signal),
    );
    const result = resultIn(answer, grant);
    const error = result ? null : refusal(job, answer);
    if (error && !(error.status === 409 && error.code === 'not_stored')) return error;
    job.unconfirmed = null;
    return result;
  } catch (caught) {
    return toUploadError(job, caught);
  }
}

/**
 * Runs one request, online, under the caller's signal and a time limit that every `touch` renews.
 *
 * @template T
 * @param {Job} job
 * @param {number} limitMs
 * @param {(signal: AbortSignal, touch: () => void) => Promise<T>} run
 * @returns {Promise<T>}
 */
async function limited(job, limitMs, run) {
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
      () => {}, // touched or finished
    );
  };
  job.signal.addEventListener('abort', stop);
  touch();
  try {
    const ended = new Promise((_, reject) => {
      own.signal.addEventListener('abort', () => reject(own.signal.reason));
    });
    ended.catch(() => {}); // for a transport that throws before it is raced
    return await Promise.race([run(own.signal, touch), /** @type {Promise<never>} */ (ended)]);
  } finally {
    timer.abort();
    own.abort(); // progress that comes after the answer is none
    job.signal.removeEventListener('abort', stop);
  }
}

/**
 * Exponential backoff with full jitter, on top of what the server asked for.
 *
 * @param {Job} job
 * @param {number} nth
 * @param {UploadError} error
 */
function pause(job, nth, error) {
  const backoffMs = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (nth - 1));
  return job.wait(error.retryAfterMs + job.random() * backoffMs, job.signal);
}

// ---- Reading answers

/**
 * Only this is *done*: 200, a JSON object, `"Status":"OK"` and our own id.
 *
 * @param {Answer} answer
 * @param {Grant} grant
 * @returns {Result | null}
 */
function resultIn(answer, grant) {
  const body = answer.status === 200 ? jsonObject(answer.body) : {};
  return body['Status'] === 'OK' && body['id'] === grant.id ? /** @type {Result} */ (body) : null;
}

/** @param {Answer} answer @returns {Grant | null} */
function grantIn(answer) {
  const grant = /** @type {Partial<Grant>} */ (jsonObject(answer.body));
  const texts = [grant.id, grant.url, grant.ticket, grant.confirm];
  const whole =
    texts.every((text) => typeof text === 'string') &&
    Number(grant.expires_in) > 0 &&
    grant.fields &&
    typeof grant.fields === 'object';
  return whole ? /** @type {Grant} */ (grant) : null;
}

/**
 * The error in an answer: problem+json of the functions, XML of OSS, or only a status. A 2xx here is one that
 * makes no sense (Function Compute answers a crashed function's caller with 200), so asking again may help.
 *
 * @param {Job} job @param {Answer} answer
 */
function refusal(job, answer) {
  const { status, headers, body } = answer;
  const problem = jsonObject(body);
  /** @param {string} name @param {string} tag */
  const said = (name, tag) =>
    [problem[name], xmlText(body, tag)].find((text) => typeof text === 'string') ?? '';
  const strange = isSuccess(answer);
  const code = said('code', 'Code').replace(OUR_CODES, '');
  const renewable = code === 'token_expired' && typeof job.headers === 'function';
  return new UploadError(code || (strange ? 'bad_answer' : `http_${status}`), said('detail', 'Message'), {
    status,
    retryable: strange || isGivenUp(status) || status === 429 || renewable,
    requestId:
      said('request_id', 'RequestId') || headers['x-oss-request-id'] || headers['x-fc-request-id'] || null,
    ec: xmlText(body, 'EC') ?? null,
    retryAfterMs: retryAfterIn(headers['retry-after'] ?? '', job.now()),
  });
}

/** @param {Answer} answer */
function isSuccess({ status }) {
  return status >= 200 && status <= 299;
}

/** @param {number} status  of OSS, a function or a gateway that gave up: how far it had come, nobody knows */
function isGivenUp(status) {
  return status === 408 || status >= 500;
}

/** @param {string} value  seconds or an HTTP date @param {number} now @returns {number} */
function retryAfterIn(value, now) {
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Math.min(Math.max(ms || 0, 0), RETRY_AFTER_MAX_MS);
}

/** @param {UploadError} error */
function isExpired({ code, ec, message }) {
  return ec === '0006-00000213' || /policy expired/i.test(message) || code === 'SecurityTokenExpired';
}

/**
 * Expired while it waited for its turn: worth a new grant. While sending: the next one would end the same way.
 *
 * @param {UploadError} error
 * @param {number} sendingMs
 * @param {Grant} grant
 */
function outlived({ status, requestId, ec, message }, sendingMs, grant) {
  const tooSlow = sendingMs > grant.expires_in * 1000 * OUTLIVED_SHARE;
  return new UploadError(tooSlow ? 'too_slow' : 'grant_expired', message, {
    status,
    requestId,
    ec,
    retryable: !tooSlow,
  });
}

/** @param {Job} job @param {unknown} caught @returns {UploadError} */
function toUploadError(job, caught) {
  if (job.signal.aborted) return new UploadError('aborted', 'The upload was cancelled.', { retryable: true });
  if (caught instanceof UploadError) return caught;
  const message = caught instanceof Error ? caught.message : String(caught);
  return caught instanceof NetworkFault
    ? new UploadError('network', message, { retryable: true })
    : new UploadError('unexpected', message);
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
 * @returns {string | undefined} the first such element's text; OSS's errors are flat
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

// ---- The browser

/**
 * Waits for what `begin` sets up, then has it taken down, and nothing stays behind on the caller's signal.
 *
 * @template T
 * @param {AbortSignal} signal  rejects with its reason
 * @param {(resolve: (value: T) => void, over: AbortSignal, reject: (reason: unknown) => void) => void} begin
 * @returns {Promise<T>}
 */
async function unlessAborted(signal, begin) {
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
function wait(ms, signal) {
  return unlessAborted(signal, (resolve, over) => {
    const timer = setTimeout(resolve, ms);
    over.addEventListener('abort', () => clearTimeout(timer));
  });
}

/** @param {AbortSignal} signal */
async function online(signal) {
  if (globalThis.navigator?.onLine !== false) return;
  await unlessAborted(signal, (resolve, over) => {
    globalThis.addEventListener('online', resolve, { signal: over });
  });
}

/** @param {string} url @param {RequestInit & {signal: AbortSignal}} init @returns {Promise<Answer>} */
async function ask(url, init) {
  try {
    const response = await fetch(url, {
      ...init,
      credentials: 'omit',
      cache: 'no-store',
      redirect: 'error', // it would carry the caller's headers elsewhere
    });
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    };
  } catch (error) {
    init.signal.throwIfAborted();
    throw new NetworkFault(String(error));
  }
}

/** @type {Transport} XMLHttpRequest sends the file because fetch cannot tell how much has left. */
export const browserTransport = {
  get: (url, headers, signal) => ask(url, { headers, signal }),
  postJson: (url, body, headers, signal) =>
    ask(url, {
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    }),
  postForm: (url, fields, file, onProgress, signal) =>
    new Promise((resolve, reject) => {
      const form = new FormData();
      for (const [name, value] of Object.entries(fields)) form.append(name, value);
      form.append('file', file, 'file'); // the grant carries the real name; OSS's form parser never meets it
      const request = new XMLHttpRequest();
      let bodyLeft = false;
      request.upload.addEventListener('progress', ({ loaded, total }) => onProgress(loaded, total));
      request.upload.addEventListener('load', ({ loaded, total }) => {
        bodyLeft = true;
        onProgress(loaded, total);
      });
      request.addEventListener('load', () =>
        resolve({
          status: request.status,
          headers: headersIn(request.getAllResponseHeaders()),
          body: request.responseText,
        }),
      );
      request.addEventListener('error', () => reject(new NetworkFault('The connection failed.', bodyLeft)));
      signal.addEventListener(
        'abort',
        () => {
          request.abort();
          reject(signal.reason);
        },
        { once: true },
      );
      request.open('POST', url); // and no header of our own: OSS would ask its CORS rule about each
      request.send(form);
    }),
};

/** @param {string} lines @returns {Record<string, string>} */
function headersIn(lines) {
  /** @type {Record<string, string>} */
  const headers = {};
  for (const [, name = '', value = ''] of lines.matchAll(/^([^:\r\n]+): *(.*?)\r?$/gm))
    headers[name.toLowerCase()] = value;
  return headers;
}
