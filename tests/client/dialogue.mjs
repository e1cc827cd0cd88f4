/**
 * A scripted network, and a clock that no test waits for: a test lists the requests it expects, and their answers.
 *
 *   const call = await dialogue([
 *     ['token', grant('a')],
 *     ['oss a', callbackFailed()],
 *     ['confirm a', done('a')],
 *   ]);
 *
 * Each line is whom the client asks, then the answer. A request out of turn, or one that never comes, fails the test.
 */
import assert from 'node:assert/strict';
import { NetworkFault, uploadFile } from '../../client/src/lib/upload.js';

export const START_MS = Date.UTC(2026, 10, 23, 12, 0, 0);
export const PHOTO = new File(['12345'], 'photo.jpg', { type: 'image/jpeg' });
/** The methods of a file that is read by this function, all of it and each slice. */
export function readBy(read) {
  const slice = () => ({ size: 1, arrayBuffer: read, slice });
  return { arrayBuffer: read, slice };
}
/** Makes reading a file a matter of one turn: time passes here whenever everything waits. */
const readAtOnce = (file) =>
  Object.assign(
    file,
    readBy(async () => new ArrayBuffer(1)),
  );
/** The states of a file that is sent whole at the first try, as `dialogue` writes them. */
export const WHOLE = ['signing', 'sending 0/5', 'sending 5/5'];
const FORM_OVERHEAD = 100; // bytes of a form that are not the file's

// ---- Answers

/** @param {string} id @param {object} [more] */
export const grant = (id, more = {}) =>
  json(200, {
    id,
    url: 'https://oss.test/',
    method: 'POST',
    key: `uploads/${id}.jpg`,
    fields: { key: `uploads/${id}.jpg`, policy: 'p', 'x-oss-signature': 's' },
    expires_in: 300,
    ticket: `ticket-${id}`,
    confirm: 'https://callback.test/confirm',
    ...more,
  });

/** What the token function answers for one file, as its whole answer. */
export const granted = (answer) => {
  const isGrant = answer.status === 200 && 'expires_in' in JSON.parse(answer.body);
  return isGrant ? { ...answer, body: `{"uploads":[${answer.body}]}` } : answer;
};

/** A refusal of one file, beside which others may have been granted. */
export const refused = (status, code, more = {}) =>
  json(200, { uploads: [{ problem: { ...JSON.parse(problem(status, code).body), ...more } }] });

export const done = (id) => json(200, { Status: 'OK', id, key: `uploads/${id}.jpg`, size: 5 });

export const problem = (status, code, headers = {}) =>
  json(
    status,
    { type: 'about:blank', title: code, status, code, detail: `${code}.`, request_id: 'r-1' },
    headers,
  );

export const json = (status, body, headers = {}) => ({ status, headers, body: JSON.stringify(body) });

export const xml = (status, code, { message = '', ec = '', requestId = '5C3D' } = {}) => ({
  status,
  headers: {},
  body:
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>` +
    `<RequestId>${requestId}</RequestId><HostId>b.oss.test</HostId>${ec && `<EC>${ec}</EC>`}</Error>`,
});

export const callbackFailed = () =>
  xml(203, 'CallbackFailed', { message: 'Error status : 502.', ec: '0007-00000203' });

/** Function Compute's answer when the function crashed: a 200. */
export const crashed = () =>
  json(200, { errorMessage: 'Process exited unexpectedly', errorType: 'Crash', stackTrace: [] });

export const policyExpired = () =>
  xml(403, 'AccessDenied', { message: 'Invalid according to Policy: Policy expired.', ec: '0006-00000213' });

/** The connection fails before an answer. */
export const unreachable = () => () => {
  throw new NetworkFault('unreachable');
};

/** The connection fails when this many of the file's bytes have left. */
export const cutAfter =
  (bytes) =>
  ({ send }) => {
    send(bytes);
    throw new NetworkFault('reset');
  };

/** All of it leaves, and no answer comes back. */
export const answerLost = () => cutAfter(PHOTO.size);

/** The browser knew that the body had left, though it never said so in a progress event. */
export const answerLostUnseen = () => () => {
  throw new NetworkFault('reset', true);
};

/** Some bytes leave, then nothing happens for ever. */
export const silenceAfter =
  (bytes) =>
  ({ send }) => {
    if (bytes) send(bytes);
    return new Promise(() => {});
  };
export const silence = () => silenceAfter(0);

/** An answer that comes while the body is still on its way. */
export const early = (answer) => () => answer;

/** Bytes trickle out over this time, then the answer comes. */
export const slowly =
  (seconds, answer) =>
  async ({ send, clock }) => {
    for (let passed = 0; passed < seconds; passed += 10) {
      send(1 + Math.floor((4 * passed) / seconds));
      await clock.wait(10_000);
    }
    send(PHOTO.size);
    return answer;
  };

/** The request stands in the browser's own queue for a time before a byte leaves. */
export const queued =
  (seconds, answer) =>
  async ({ send, clock }) => {
    for (let passed = 0; passed < seconds; passed += 10) await clock.wait(10_000);
    send(PHOTO.size);
    return answer;
  };

/** The caller gives up at this point of the dialogue. */
export const cancelled =
  (bytes = 0) =>
  ({ send, cancel }) => {
    if (bytes) send(bytes);
    cancel();
    return new Promise(() => {});
  };

// ---- The dialogue

/** Time that passes only when everything waits. */
export class Clock {
  #ms = START_MS;
  #jumpedMs = 0;
  #timers = new Set();

  now = () => this.#ms + this.#jumpedMs;

  /** The machine sleeps for this time, which counts for no timer; or somebody sets its clock. */
  jump(seconds) {
    this.#jumpedMs += seconds * 1000;
  }

  wait = (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const over = new AbortController();
      const timer = { at: this.#ms + ms, resolve: () => resolve(over.abort()) };
      this.#timers.add(timer);
      const onAbort = () => {
        this.#timers.delete(timer);
        reject(signal.reason);
      };
      signal?.addEventListener('abort', onAbort, { signal: over.signal });
    });

  /** Lets time pass until the promise has settled. */
  async play(promise) {
    let settled = false;
    promise
      .catch(() => {})
      .finally(() => {
        settled = true;
      });
    for (;;) {
      await turn();
      if (settled) return promise;
      const next = [...this.#timers].sort((a, b) => a.at - b.at)[0];
      assert.ok(next, 'everything waits, and nothing for the clock');
      this.#timers.delete(next);
      this.#ms = next.at;
      next.resolve();
    }
  }

  get idle() {
    return this.#timers.size === 0;
  }
}

/**
 * @param {[string, unknown][]} script
 * @param {object} [options]  of uploadFile; and `file`; `cancelAt`, the state or pause at which the caller cancels;
 *   `offline`, from which second to which the browser says that it is offline
 */
export async function dialogue(script, { file = PHOTO, cancelAt, offline = [0, 0], ...options } = {}) {
  const clock = new Clock();
  if (Object.getPrototypeOf(file) === File.prototype && !Object.hasOwn(file, 'slice')) readAtOnce(file);
  const controller = new AbortController();
  const lines = [...script];
  const requests = [];
  const states = [];
  const pauses = [];
  const outOfTurn = [];

  const receive = async (who, request, onProgress = () => {}) => {
    requests.push({ who, at: clock.now() - START_MS, ...request });
    const [expected, reply] = lines.shift() ?? ['nobody'];
    if (who !== expected) outOfTurn.push(`asked ${who} instead of ${expected}`);
    const send = (bytes) => onProgress(bytes + FORM_OVERHEAD, file.size + FORM_OVERHEAD);
    if (typeof reply === 'function') return reply({ send, clock, cancel: () => controller.abort() });
    send(file.size);
    return reply;
  };
  const transport = {
    postForm: (url, fields, sent, onProgress) =>
      receive(`oss ${/uploads\/(\w+)/.exec(fields.key)?.[1]}`, { url, fields, file: sent }, onProgress),
    postJson: async (url, body, headers) =>
      body.files
        ? granted(await receive('token', { url, body, headers }))
        : receive(`confirm ${body.ticket.replace('ticket-', '')}`, { url, body, headers }),
  };
  const offlineUntil = (ms) => (ms >= offline[0] * 1000 ? offline[1] * 1000 : ms);
  const wait = async (ms, signal) => {
    if (cancelAt === 'pause' && ms < 10_000) queueMicrotask(() => controller.abort());
    await clock.wait(ms, signal);
    pauses.push(ms);
  };
  const onState = (state) => {
    states.push(inWords(state));
    if (state.state === cancelAt) controller.abort();
  };
  const upload = uploadFile(file, {
    tokenUrl: 'https://token.test/',
    transport,
    wait,
    turn: async () => {},
    onState,
    now: clock.now,
    random: () => 0.5,
    signal: controller.signal,
    ...options,
    online: async (ms, signal) => {
      const leftMs = Math.max(0, offlineUntil(clock.now() - START_MS) + START_MS - clock.now());
      if (leftMs) await clock.wait(Math.min(ms, leftMs), signal);
      return leftMs <= ms;
    },
  });
  const [outcome] = await Promise.allSettled([clock.play(upload)]);
  assert.deepEqual(outOfTurn, []);
  assert.equal(outcome.reason?.code === 'unexpected' ? outcome.reason.message : '', '');
  assert.deepEqual(lines, [], 'never asked');
  assert.ok(clock.idle, 'a timer was left behind');
  return {
    states,
    requests,
    pauses,
    tookMs: clock.now() - START_MS,
    result: outcome.value,
    error: outcome.reason,
  };
}

/** Lets everything run that waits for nothing but its turn. */
export const turn = () =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

const inWords = (state) => {
  if (state.state === 'sending') return `sending ${state.loaded}/${state.total}`;
  if (state.state === 'failed')
    return `failed ${state.code} ${state.status}${state.retryable ? ' retryable' : ''}`;
  return state.state;
};
