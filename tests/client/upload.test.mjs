import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import test from 'node:test';
import { UploadError, browserTransport, uploadFile } from '../../client/src/lib/upload.js';
import {
  PHOTO,
  START_MS,
  answerLost,
  answerLostUnseen,
  callbackFailed,
  cancelled,
  cutAfter,
  dialogue,
  done,
  early,
  grant,
  json,
  policyExpired,
  problem,
  queued,
  silence,
  silenceAfter,
  slowly,
  unreachable,
  xml,
} from './dialogue.mjs';

const CRASHED = json(200, {
  errorMessage: 'Process exited unexpectedly',
  errorType: 'Crash',
  stackTrace: [],
});
const SENT = ['sending 0/5', 'sending 5/5'];
const WHOLE = ['signing', ...SENT];

// ---- The good way

test('asks for a grant, sends the form, and is done with what the callback answered', async () => {
  const { states, result, requests } = await dialogue([
    ['token', grant('a')],
    ['oss a', done('a')],
  ]);
  assert.deepEqual(states, [...WHOLE, 'done']);
  assert.deepEqual(result, { Status: 'OK', id: 'a', key: 'uploads/a.jpg', size: 5 });
  assert.equal(requests[1].file, PHOTO);
});

test('sends the fields in the order of the grant', async () => {
  const { requests } = await dialogue([
    ['token', grant('a')],
    ['oss a', done('a')],
  ]);
  assert.deepEqual(Object.keys(requests[1].fields), ['key', 'policy', 'x-oss-signature']);
});

test("gives the caller's headers to the token function only", async () => {
  const { requests } = await dialogue(
    [
      ['token', grant('a')],
      ['oss a', callbackFailed()],
      ['confirm a', done('a')],
    ],
    { headers: { Authorization: 'Bearer x' } },
  );
  assert.deepEqual(
    requests.map(({ headers }) => headers),
    [{ Authorization: 'Bearer x' }, undefined, {}],
  );
});

test('asks for new headers when a token has expired', async () => {
  let calls = 0;
  const headers = async () => ({ Authorization: `Bearer ${(calls += 1)}` });
  const { result, requests } = await dialogue(
    [
      ['token', problem(401, 'token_expired')],
      ['token', grant('a')],
      ['oss a', done('a')],
    ],
    { headers },
  );
  assert.equal(result.id, 'a');
  assert.equal(requests[1].headers.Authorization, 'Bearer 2');
});

test('tells an async function for headers which file it is for, and what the last try failed with', async () => {
  const asked = [];
  const headers = async (file, after) => {
    asked.push([file.name, after?.code]);
    return {};
  };
  await dialogue(
    [
      ['token', problem(401, 'token_expired')],
      ['token', grant('a')],
      ['oss a', unreachable()],
      ['token', grant('b')],
      ['oss b', done('b')],
    ],
    { headers },
  );
  assert.deepEqual(asked, [
    ['photo.jpg', undefined],
    ['photo.jpg', 'token_expired'],
    ['photo.jpg', 'network'],
  ]);
});

test('an async function for headers may take its time: somebody may have to sign in again', async () => {
  const limits = [];
  const controller = new AbortController();
  const upload = uploadFile(PHOTO, {
    tokenUrl: 'https://token.test/',
    headers: () => new Promise(() => {}),
    wait: async (ms) => limits.push(ms),
    signal: controller.signal,
  });
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  assert.deepEqual(limits, []);
  controller.abort();
  await assert.rejects(upload, { code: 'aborted' });
});

test('an async function for headers is not asked while the machine is offline', async () => {
  const asked = [];
  const controller = new AbortController();
  const upload = uploadFile(PHOTO, {
    tokenUrl: 'https://token.test/',
    headers: async () => asked.push('headers') && {},
    online: () => new Promise((_, reject) => controller.signal.addEventListener('abort', reject)),
    signal: controller.signal,
  });
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  controller.abort();
  await assert.rejects(upload, { code: 'aborted' });
  assert.deepEqual(asked, []);
});

test('an async function for headers that fails ends the upload, and nothing is asked', async () => {
  const headers = () => Promise.reject(new Error('the sign-in window was closed'));
  const upload = uploadFile(PHOTO, { tokenUrl: 'https://token.test/', transport: {}, headers });
  await assert.rejects(upload, {
    code: 'unexpected',
    message: 'the sign-in window was closed',
    retryable: false,
  });
});

for (const [code, headers] of [
  ['token_expired', { Authorization: 'Bearer x' }],
  ['token_invalid', async () => ({ Authorization: 'Bearer x' })],
  ['token_missing', async () => ({})],
]) {
  test(`does not repeat ${code} where ${typeof headers === 'function' ? 'it would stay' : 'headers cannot change'}`, async () => {
    const { error } = await dialogue([['token', problem(401, code)]], { headers });
    assert.deepEqual([error.code, error.status, error.retryable], [code, 401, false]);
  });
}

test('asks an async function for headers anew before each grant', async () => {
  let calls = 0;
  const headers = async () => ({ Authorization: `Bearer ${(calls += 1)}` });
  const { requests } = await dialogue(
    [
      ['token', problem(503, 'unavailable')],
      ['token', grant('a')],
      ['oss a', done('a')],
    ],
    { headers },
  );
  assert.deepEqual(
    requests.slice(0, 2).map((request) => request.headers.Authorization),
    ['Bearer 1', 'Bearer 2'],
  );
});

test('encodes an odd name so that no byte of it is read as something else', async () => {
  const file = new File([''], '图片 (1) é🙂+&.png', { type: 'image/png' });
  const { requests } = await dialogue(
    [
      ['token', grant('a')],
      ['oss a', done('a')],
    ],
    { file },
  );
  assert.equal(
    requests[0].url,
    'https://token.test/?name=%E5%9B%BE%E7%89%87%20(1)%20%C3%A9%F0%9F%99%82%2B%26.png&size=0&type=image%2Fpng',
  );
});

test('asks for a type without parameters, and for application/octet-stream where there is none', async () => {
  for (const [type, asked] of [
    ['', 'application/octet-stream'],
    ['video/webm;codecs=vp9', 'video/webm'],
    ['text/plain; charset=utf-8; format=flowed', 'text/plain'],
    ['text/plain ; charset=utf-8', 'text/plain'],
    [';charset=utf-8', 'application/octet-stream'],
  ]) {
    const { requests } = await dialogue(
      [
        ['token', grant('a')],
        ['oss a', done('a')],
      ],
      { file: new File(['12345'], 'x', { type }) },
    );
    assert.equal(requests[0].url, `https://token.test/?name=x&size=5&type=${encodeURIComponent(asked)}`);
  }
});

test('counts the bytes of the file, not those of the form around it', async () => {
  const trickle = ({ send }) => [-100, -1, 0, 3, 5].forEach(send) ?? done('a');
  const { states } = await dialogue([
    ['token', grant('a')],
    ['oss a', trickle],
  ]);
  assert.deepEqual(states.slice(2, -1), [
    'sending 0/5',
    'sending 0/5',
    'sending 0/5',
    'sending 3/5',
    'sending 5/5',
  ]);
});

// ---- What is not yet done

const unproven = {
  'a 203': callbackFailed(),
  'a bare 200': { status: 200, headers: {}, body: '' },
  'a 204': { status: 204, headers: {}, body: '' },
  'a 200 of a crashed function': CRASHED,
  'a 200 with another id': done('z'),
  'a 200 without Status OK': json(200, { Status: 'ok', id: 'a' }),
  'a 200 with a JSON list': json(200, ['OK', 'a']),
  'a 200 with JSON null': json(200, null),
  'a 201 that looks right': { ...done('a'), status: 201 },
};
for (const [what, answer] of Object.entries(unproven)) {
  test(`${what} is confirmed before it is done`, async () => {
    const { states, requests, pauses } = await dialogue([
      ['token', grant('a')],
      ['oss a', answer],
      ['confirm a', done('a')],
    ]);
    assert.deepEqual(states, [...WHOLE, 'confirming', 'done']);
    assert.deepEqual(requests[2], {
      who: 'confirm a',
      at: 0,
      url: 'https://callback.test/confirm',
      body: { ticket: 'ticket-a' },
      headers: {},
    });
    assert.deepEqual(pauses, []);
  });
}

test('an early 203 is confirmed too, whatever progress said', async () => {
  const { states } = await dialogue([
    ['token', grant('a')],
    ['oss a', early(callbackFailed())],
    ['confirm a', done('a')],
  ]);
  assert.deepEqual(states, ['signing', 'sending 0/5', 'confirming', 'done']);
});

test('the confirmation must be ours as well', async () => {
  const { states, pauses } = await dialogue([
    ['token', grant('a')],
    ['oss a', callbackFailed()],
    ['confirm a', CRASHED],
    ['confirm a', done('z')],
    ['confirm a', done('a')],
  ]);
  assert.deepEqual(states, [...WHOLE, 'confirming', 'done']);
  assert.deepEqual(pauses, [500, 1000]);
});

// ---- Lost answers

test('an answer lost after the whole body is confirmed, not sent again', async () => {
  const { states, pauses } = await dialogue([
    ['token', grant('a')],
    ['oss a', answerLost()],
    ['confirm a', done('a')],
  ]);
  assert.deepEqual(states, [...WHOLE, 'confirming', 'done']);
  assert.deepEqual(pauses, [500]);
});

test("the transport's own word that the body had left is enough", async () => {
  const { states } = await dialogue([
    ['token', grant('a')],
    ['oss a', answerLostUnseen()],
    ['confirm a', done('a')],
  ]);
  assert.deepEqual(states, ['signing', 'sending 0/5', 'confirming', 'done']);
});

test('a connection cut before the last byte sends again under a new grant', async () => {
  const { states, pauses } = await dialogue([
    ['token', grant('a')],
    ['oss a', cutAfter(4)],
    ['token', grant('b')],
    ['oss b', done('b')],
  ]);
  assert.deepEqual(states, ['signing', 'sending 0/5', 'sending 4/5', ...WHOLE, 'done']);
  assert.deepEqual(pauses, [500]);
});

test('a 408 after the whole body may hide a stored file too', async () => {
  const { states, pauses } = await dialogue([
    ['token', grant('a')],
    ['oss a', xml(408, 'RequestTimeout')],
    ['confirm a', done('a')],
  ]);
  assert.deepEqual(states, [...WHOLE, 'confirming', 'done']);
  assert.deepEqual(pauses, [500]);
});

test('409 FileAlreadyExists means that it arrived: it is confirmed', async () => {
  const { states } = await dialogue([
    ['token', grant('a')],
    ['oss a', xml(409, 'FileAlreadyExists')],
    ['confirm a', done('a')],
  ]);
  assert.deepEqual(states, [...WHOLE, 'confirming', 'done']);
});

test('a 5xx after the whole body may hide a stored file: it is confirmed', async () => {
  const { states } = await dialogue([
    ['token', grant('a')],
    ['oss a', { status: 504, headers: {}, body: '<html>' }],
    ['confirm a', done('a')],
  ]);
  assert.deepEqual(states, [...WHOLE, 'confirming', 'done']);
});

test('what is confirmed as not stored is sent again under a new grant', async () => {
  const { states, pauses } = await dialogue([
    ['token', grant('a')],
    ['oss a', answerLost()],
    ['confirm a', problem(409, 'not_stored')],
    ['token', grant('b')],
    ['oss b', done('b')],
  ]);
  assert.deepEqual(states, [...WHOLE, 'confirming', ...WHOLE, 'done']);
  assert.deepEqual(pauses, [500, 500]);
});

test('not_stored counts as a try and ends after five', async () => {
  const round = (id) => [
    ['token', grant(id)],
    ['oss ' + id, callbackFailed()],
    ['confirm ' + id, problem(409, 'not_stored')],
  ];
  const { states, error } = await dialogue(['a', 'b', 'c', 'd', 'e'].flatMap(round));
  assert.equal(states.at(-1), 'failed not_stored 409 retryable');
  assert.equal(error.unconfirmed, null);
});

test('what OSS said is passed on when nothing is stored in the end', async () => {
  const round = (id, nth) => [
    ['token', grant(id)],
    ['oss ' + id, xml(500, 'InternalError', { message: 'Oops.', ec: '0001-1', requestId: `R-${nth}` })],
    ['confirm ' + id, problem(409, 'not_stored')],
  ];
  const { states, error } = await dialogue(['a', 'b', 'c', 'd', 'e'].flatMap(round));
  assert.equal(states.at(-1), 'failed InternalError 500 retryable');
  assert.deepEqual(
    [error.message, error.requestId, error.ec, error.unconfirmed],
    ['Oops.', 'R-4', '0001-1', null],
  );
});

test('answers lost five times end as network when nothing is stored', async () => {
  const round = (id) => [
    ['token', grant(id)],
    ['oss ' + id, answerLost()],
    ['confirm ' + id, problem(409, 'not_stored')],
  ];
  const { states } = await dialogue(['a', 'b', 'c', 'd', 'e'].flatMap(round));
  assert.equal(states.at(-1), 'failed network 0 retryable');
});

test('Retry-After of OSS is waited for once, before confirming', async () => {
  const { pauses } = await dialogue([
    ['token', grant('a')],
    ['oss a', { ...xml(503, 'SlowDown'), headers: { 'retry-after': '7' } }],
    ['confirm a', problem(409, 'not_stored')],
    ['token', grant('b')],
    ['oss b', done('b')],
  ]);
  assert.deepEqual(pauses, [7500, 500]);
});

test('only 409 says not_stored: another status with that code does not send again', async () => {
  const { error } = await dialogue([
    ['token', grant('a')],
    ['oss a', callbackFailed()],
    ['confirm a', problem(404, 'not_stored')],
  ]);
  assert.deepEqual([error.code, error.status, error.retryable], ['not_confirmed', 404, true]);
});

// ---- Confirming

test('a confirmation answered 503 is asked again when Retry-After says', async () => {
  const { requests, states } = await dialogue([
    ['token', grant('a')],
    ['oss a', callbackFailed()],
    ['confirm a', problem(503, 'unavailable', { 'retry-after': '2' })],
    ['confirm a', done('a')],
  ]);
  assert.deepEqual(states, [...WHOLE, 'confirming', 'done']);
  assert.deepEqual(
    requests.map(({ at }) => at),
    [0, 0, 0, 2500],
  );
});

for (const [what, answer] of Object.entries({
  'a network fault': unreachable(),
  408: problem(408, 'timeout'),
  429: problem(429, 'busy'),
  502: problem(502, 'webhook_failed'),
  500: problem(500, 'internal'),
})) {
  test(`${what} on confirming is asked again`, async () => {
    const { states } = await dialogue([
      ['token', grant('a')],
      ['oss a', callbackFailed()],
      ['confirm a', answer],
      ['confirm a', done('a')],
    ]);
    assert.deepEqual(states, [...WHOLE, 'confirming', 'done']);
  });
}

test('a confirmation that never succeeds fails as not_confirmed and sends nothing again', async () => {
  const unavailable = ['confirm a', problem(503, 'unavailable')];
  const { states, error, pauses } = await dialogue([
    ['token', grant('a')],
    ['oss a', callbackFailed()],
    unavailable,
    unavailable,
    unavailable,
    unavailable,
    unavailable,
  ]);
  assert.deepEqual(states, [...WHOLE, 'confirming', 'failed not_confirmed 503 retryable']);
  assert.equal(error.requestId, 'r-1');
  assert.deepEqual(pauses, [500, 1000, 2000, 4000]);
});

test('a retry after not_confirmed asks about the same grant first', async () => {
  const unconfirmed = JSON.parse(grant('a').body);
  const { states } = await dialogue([['confirm a', done('a')]], { unconfirmed });
  assert.deepEqual(states, ['confirming', 'done']);
});

test('a retry after not_confirmed sends again once it is known not to be stored', async () => {
  const unconfirmed = JSON.parse(grant('a').body);
  const { states } = await dialogue(
    [
      ['confirm a', problem(409, 'not_stored')],
      ['token', grant('b')],
      ['oss b', done('b')],
    ],
    { unconfirmed },
  );
  assert.deepEqual(states, ['confirming', ...WHOLE, 'done']);
});

test('the failure carries the grant that may hold the file', async () => {
  const lost = ['confirm a', unreachable()];
  const { error } = await dialogue([
    ['token', grant('a')],
    ['oss a', answerLost()],
    lost,
    lost,
    lost,
    lost,
    lost,
  ]);
  assert.equal(error.code, 'not_confirmed');
  assert.equal(error.unconfirmed.id, 'a');
});

for (const [status, code, shown] of [
  [403, 'not_verified', 'not_confirmed 403 retryable'], // a wrong clock, or a secret in mid-rotation
  [404, 'not_found', 'not_confirmed 404 retryable'],
  [409, 'object_differs', 'object_differs 409'],
  [415, 'type_not_allowed', 'type_not_allowed 415'],
]) {
  test(`${status} ${code} on confirming ends it at once`, async () => {
    const { states } = await dialogue([
      ['token', grant('a')],
      ['oss a', callbackFailed()],
      ['confirm a', problem(status, code)],
    ]);
    assert.deepEqual(states, [...WHOLE, 'confirming', `failed ${shown}`]);
  });
}

// ---- Retries

for (const [what, answer] of Object.entries({
  'a network fault': unreachable(),
  'a silent token function': silence(),
  500: problem(500, 'internal'),
  503: problem(503, 'unavailable'),
  408: problem(408, 'timeout'),
  429: problem(429, 'busy'),
  'a crashed token function': CRASHED,
  'a grant with a piece missing': grant('a', { confirm: null }),
  'a grant without fields': grant('a', { fields: null }),
})) {
  test(`${what} instead of a grant is tried again`, async () => {
    const { states } = await dialogue([
      ['token', answer],
      ['token', grant('b')],
      ['oss b', done('b')],
    ]);
    assert.deepEqual(states, ['signing', ...WHOLE, 'done']);
  });
}

test('misconfigured is a 5xx like another: five tries, then its own code', async () => {
  const line = ['token', problem(500, 'misconfigured')];
  const { states } = await dialogue([line, line, line, line, line]);
  assert.equal(states.at(-1), 'failed misconfigured 500 retryable');
});

for (const [status, code] of [
  [400, 'name_invalid'],
  [403, 'foreign_origin'],
  [413, 'too_large'],
  [415, 'type_not_allowed'],
]) {
  test(`a grant refused with ${status} ${code} fails at once`, async () => {
    const { states, error } = await dialogue([['token', problem(status, code)]]);
    assert.deepEqual(states, ['signing', `failed ${code} ${status}`]);
    assert.deepEqual([error.requestId, error.message], ['r-1', `${code}.`]);
  });
}

for (const [status, code] of [
  [400, 'EntityTooLarge'],
  [403, 'AccessDenied'],
  [403, 'SignatureDoesNotMatch'],
  [404, 'NoSuchBucket'],
]) {
  test(`OSS refusing the form with ${status} ${code} fails at once`, async () => {
    const { states } = await dialogue([
      ['token', grant('a')],
      ['oss a', xml(status, code)],
    ]);
    assert.deepEqual(states, [...WHOLE, `failed ${code} ${status}`]);
  });
}

for (const [status, code] of [
  [408, 'RequestTimeout'],
  [503, 'ServiceUnavailable'],
]) {
  test(`a ${status} of OSS before the body has left sends again without asking`, async () => {
    const { states } = await dialogue([
      ['token', grant('a')],
      ['oss a', early(xml(status, code))],
      ['token', grant('b')],
      ['oss b', done('b')],
    ]);
    assert.deepEqual(states, ['signing', 'sending 0/5', ...WHOLE, 'done']);
  });
}

test('tries five times in all', async () => {
  const lines = ['a', 'b', 'c', 'd', 'e'].flatMap((id) => [
    ['token', grant(id)],
    ['oss ' + id, unreachable()],
  ]);
  const { states, pauses } = await dialogue(lines);
  assert.equal(states.at(-1), 'failed network 0 retryable');
  assert.deepEqual(pauses, [500, 1000, 2000, 4000]);
});

test('jitter is full: a pause is anything from nothing to the whole backoff', async () => {
  for (const [random, expected] of [
    [0, [0, 0, 0, 0]],
    [1 - 2 ** -53, [1000, 2000, 4000, 8000]],
  ]) {
    const line = ['token', problem(500, 'internal')];
    const { pauses } = await dialogue([line, line, line, line, line], { random: () => random });
    assert.deepEqual(pauses.map(Math.round), expected);
  }
});

test('Retry-After is added to the pause, up to a minute, as seconds or as a date', async () => {
  for (const [value, expected] of [
    ['7', 7500],
    [new Date(START_MS + 9000).toUTCString(), 9500],
    [new Date(START_MS - 9000).toUTCString(), 500],
    ['86400', 60_500],
    [new Date(START_MS + 1e9).toUTCString(), 60_500],
    ['soon', 500],
    ['-3', 500],
  ]) {
    const { pauses } = await dialogue([
      ['token', problem(503, 'unavailable', { 'retry-after': value })],
      ['token', grant('a')],
      ['oss a', done('a')],
    ]);
    assert.deepEqual(pauses, [expected], value);
  }
});

// ---- Grants that end

test('a grant that expired while its file stood in a queue is replaced', async () => {
  const { states } = await dialogue([
    ['token', grant('a')],
    ['oss a', queued(20, policyExpired())],
    ['token', grant('b', { expires_in: 10 })],
    ['oss b', done('b')],
  ]);
  assert.deepEqual(states, [...WHOLE, ...WHOLE, 'done']);
});

test('a security token that expired is a grant that expired', async () => {
  const { states } = await dialogue([
    ['token', grant('a')],
    ['oss a', xml(403, 'SecurityTokenExpired')],
    ['token', grant('b')],
    ['oss b', done('b')],
  ]);
  assert.deepEqual(states, [...WHOLE, ...WHOLE, 'done']);
});

test('a 5xx that calls the policy expired may hide a stored file like any other', async () => {
  const { result, requests } = await dialogue([
    ['token', grant('a')],
    ['oss a', xml(503, 'AccessDenied', { message: 'Policy expired.' })],
    ['confirm a', done('a')],
  ]);
  assert.deepEqual([result.id, requests.length], ['a', 3]);
});

test('an upload that outlived its grant is too slow and not repeated', async () => {
  const { states, error } = await dialogue([
    ['token', grant('a')],
    ['oss a', slowly(310, policyExpired())],
  ]);
  assert.equal(states.at(-1), 'failed too_slow 403');
  assert.deepEqual([error.requestId, error.ec], ['5C3D', '0006-00000213']);
});

for (const [seconds, end] of [
  [260, 'failed grant_expired 403 retryable'],
  [280, 'failed too_slow 403'],
]) {
  test(`a grant of 300 s that ended after ${seconds} s of sending: ${end}`, async () => {
    const round = (id) => [
      ['token', grant(id)],
      ['oss ' + id, slowly(seconds, policyExpired())],
    ];
    const tries = end.endsWith('retryable') ? ['a', 'b', 'c', 'd', 'e'] : ['a'];
    const { states } = await dialogue(tries.flatMap(round));
    assert.equal(states.at(-1), end);
  });
}

for (const [what, more] of [
  ['without an EC', { message: 'Invalid according to Policy: Policy expired.' }],
  ['in words we have not seen', { message: 'The policy has ended.', ec: '0006-00000213' }],
]) {
  test(`a policy that OSS calls expired ${what} is understood`, async () => {
    const { states } = await dialogue([
      ['token', grant('a')],
      ['oss a', slowly(310, xml(403, 'AccessDenied', more))],
    ]);
    assert.equal(states.at(-1), 'failed too_slow 403');
  });
}

// ---- Stalls and time limits

test('thirty seconds without progress is a network fault', async () => {
  const { states, requests } = await dialogue([
    ['token', grant('a')],
    ['oss a', silenceAfter(2)],
    ['token', grant('b')],
    ['oss b', done('b')],
  ]);
  assert.deepEqual(states, ['signing', 'sending 0/5', 'sending 2/5', ...WHOLE, 'done']);
  assert.deepEqual(
    requests.map(({ at }) => at),
    [0, 0, 30_500, 30_500],
  );
});

test('progress renews the thirty seconds', async () => {
  const { states } = await dialogue([
    ['token', grant('a')],
    ['oss a', slowly(120, done('a'))],
  ]);
  assert.equal(states.at(-1), 'done');
});

test('thirty seconds without an answer after the last byte is a lost answer', async () => {
  const { states } = await dialogue([
    ['token', grant('a')],
    ['oss a', silenceAfter(5)],
    ['confirm a', done('a')],
  ]);
  assert.deepEqual(states, [...WHOLE, 'confirming', 'done']);
});

test('a grant and a confirmation each have fifteen seconds', async () => {
  const { requests } = await dialogue(
    [
      ['token', silence()],
      ['token', grant('a')],
      ['oss a', callbackFailed()],
      ['confirm a', silence()],
      ['confirm a', done('a')],
    ],
    { random: () => 0 },
  );
  assert.deepEqual(
    requests.map(({ at }) => at),
    [0, 15_000, 15_000, 15_000, 30_000],
  );
});

test('progress that comes after the time limit is not reported', async () => {
  let late = () => {};
  const keep = ({ send }) => {
    late = () => send(3);
    return new Promise(() => {});
  };
  const { states } = await dialogue([
    ['token', grant('a')],
    ['oss a', keep],
    [
      'token',
      ({ clock: _ }) => {
        late();
        return grant('b');
      },
    ],
    ['oss b', done('b')],
  ]);
  assert.deepEqual(states, ['signing', 'sending 0/5', ...WHOLE, 'done']);
});

// ---- Offline

test('waits while the machine is offline and then goes on', async () => {
  const { states, requests } = await dialogue(
    [
      ['token', grant('a')],
      ['oss a', cutAfter(1)],
      ['token', grant('b')],
      ['oss b', done('b')],
    ],
    { offline: [0, 0, 4000] },
  );
  assert.deepEqual(states, ['signing', 'sending 0/5', 'sending 1/5', ...WHOLE, 'done']);
  assert.deepEqual(
    requests.map(({ at }) => at),
    [0, 0, 4_000_500, 4_000_500],
  );
});

test('a file chosen while offline waits for the first question', async () => {
  const { requests } = await dialogue(
    [
      ['token', grant('a')],
      ['oss a', done('a')],
    ],
    { offline: [60] },
  );
  assert.deepEqual(
    requests.map(({ at }) => at),
    [60_000, 60_000],
  );
});

test('cancelled while offline', async () => {
  const { states } = await dialogue([], { offline: [60], cancelAt: 'signing' });
  assert.deepEqual(states, ['signing', 'failed aborted 0 retryable']);
});

for (const offline of [[], [60]]) {
  test(`a signal that was aborted before asks nothing, ${offline.length ? 'offline' : 'online'}`, async () => {
    const { states } = await dialogue([], { offline, signal: AbortSignal.abort() });
    assert.deepEqual(states, ['signing', 'failed aborted 0 retryable']);
  });
}

// ---- Cancelling

for (const [when, script, states] of [
  ['signing', [['token', cancelled()]], ['signing']],
  [
    'sending',
    [
      ['token', grant('a')],
      ['oss a', cancelled(2)],
    ],
    ['signing', 'sending 0/5', 'sending 2/5'],
  ],
  [
    'waiting for the answer',
    [
      ['token', grant('a')],
      ['oss a', cancelled(5)],
    ],
    WHOLE,
  ],
  [
    'confirming',
    [
      ['token', grant('a')],
      ['oss a', callbackFailed()],
      ['confirm a', cancelled()],
    ],
    [...WHOLE, 'confirming'],
  ],
]) {
  test(`cancelled while ${when}: an AbortError, and nothing more is asked`, async () => {
    const { states: told, error, tookMs } = await dialogue(script);
    assert.equal(tookMs, 0);
    assert.deepEqual(told, [...states, 'failed aborted 0 retryable']);
    assert.deepEqual([error instanceof UploadError, error.name, error.code], [true, 'AbortError', 'aborted']);
  });
}

test('cancelled in a pause between two tries', async () => {
  const { states } = await dialogue([['token', problem(503, 'unavailable')]], { cancelAt: 'pause' });
  assert.deepEqual(states, ['signing', 'signing', 'failed aborted 0 retryable']);
});

test('cancelled in a pause before confirming', async () => {
  const { states, error } = await dialogue(
    [
      ['token', grant('a')],
      ['oss a', answerLost()],
    ],
    { cancelAt: 'pause' },
  );
  assert.deepEqual(states, [...WHOLE, 'confirming', 'failed aborted 0 retryable']);
  assert.equal(error.unconfirmed.id, 'a');
});

test('cancelled after the last byte: the next try asks before it sends', async () => {
  const { error } = await dialogue([
    ['token', grant('a')],
    ['oss a', cancelled(5)],
  ]);
  assert.equal(error.unconfirmed.id, 'a');
});

test('cancelled before the last byte: nothing can be stored', async () => {
  const { error } = await dialogue([
    ['token', grant('a')],
    ['oss a', cancelled(4)],
  ]);
  assert.equal(error.unconfirmed, null);
});

// ---- Errors read

test("reads code, message, request id and EC from OSS's XML", async () => {
  const answer = xml(403, 'AccessDenied', {
    message:
      'Policy Condition failed: [&quot;eq&quot;, &quot;$bucket&quot;, &quot;a&amp;b&#x4e2d;&#25991;&quot;]',
    ec: '0006-00000227',
  });
  const { error } = await dialogue([
    ['token', grant('a')],
    ['oss a', answer],
  ]);
  assert.deepEqual(
    {
      code: error.code,
      status: error.status,
      ec: error.ec,
      requestId: error.requestId,
      message: error.message,
      retryable: error.retryable,
    },
    {
      code: 'AccessDenied',
      status: 403,
      ec: '0006-00000227',
      requestId: '5C3D',
      retryable: false,
      message: 'Policy Condition failed: ["eq", "$bucket", "a&b中文"]',
    },
  );
});

test('an answer that says nothing is known by its status and its header', async () => {
  const answer = { status: 418, headers: { 'x-oss-request-id': 'H-1' }, body: '<Error><Code>' };
  const { error } = await dialogue([
    ['token', grant('a')],
    ['oss a', answer],
  ]);
  assert.deepEqual(
    [error.code, error.status, error.requestId, error.message],
    ['http_418', 418, 'H-1', 'http_418'],
  );
});

test('a code and a detail that are not texts are ignored', async () => {
  for (const strange of [{ a: 1 }, ['a'], 7, null]) {
    const body = { code: strange, detail: strange, request_id: strange };
    const { error } = await dialogue([['token', json(400, body, { 'x-fc-request-id': 'F-1' })]]);
    assert.deepEqual([error.code, error.message, error.requestId], ['http_400', 'http_400', 'F-1']);
  }
});

test('an answer cannot have a code that only the library sets', async () => {
  for (const code of ['not_confirmed', 'aborted', 'too_slow', 'network', 'unreadable']) {
    const { error } = await dialogue([['token', problem(400, code)]]);
    assert.deepEqual([error.code, error.name], ['http_400', 'UploadError'], code);
  }
});

test('a file that was changed or deleted after it was chosen is told as that, once', async () => {
  const gone = new File(['12345'], 'photo.jpg', { type: 'image/jpeg' });
  gone.slice = () => ({ arrayBuffer: () => Promise.reject(new DOMException('gone', 'NotReadableError')) });
  const { error } = await dialogue(
    [
      ['token', grant('a')],
      ['oss a', unreachable()],
    ],
    { file: gone },
  );
  assert.deepEqual([error.code, error.retryable, error.unconfirmed], ['unreadable', false, null]);
});

for (const [what, reply, stored] of [
  ['OSS has said so', callbackFailed(), true],
  ['OSS has it already', xml(409, 'FileAlreadyExists'), true],
  ['the answer was lost', answerLost(), false],
]) {
  test(`what is not confirmed ${stored ? 'is known' : 'is not known'} to be stored when ${what}`, async () => {
    const { error } = await dialogue([
      ['token', grant('a')],
      ['oss a', reply],
      ...Array(5).fill(['confirm a', problem(503, 'unavailable')]),
    ]);
    assert.deepEqual([error.code, error.unconfirmed.stored], ['not_confirmed', stored]);
  });
}

test('progress that comes after the answer changes nothing', async () => {
  let late;
  const { states, result } = await dialogue([
    ['token', grant('a')],
    [
      'oss a',
      ({ send }) => {
        late = send;
        send(5);
        return callbackFailed();
      },
    ],
    [
      'confirm a',
      () => {
        late(3);
        return done('a');
      },
    ],
  ]);
  assert.equal(result.id, 'a');
  assert.deepEqual(states.slice(-2), ['confirming', 'done']);
});

test('an XML entity of no character, or with the name of something else, stays as it came', async () => {
  const { error } = await dialogue([
    ['token', grant('a')],
    ['oss a', xml(400, 'X', { message: '&constructor;&toString;&nope; &#x1fffff; &amp;lt;' })],
  ]);
  assert.equal(error.message, '&constructor;&toString;&nope; &#x1fffff; &lt;');
});

test("a fault in the caller's own code ends as unexpected, not as silence", async () => {
  const headers = () => {
    throw new TypeError('no session');
  };
  await assert.rejects(
    uploadFile(PHOTO, {
      tokenUrl: 'https://token.test/',
      headers,
      transport: browserTransport,
      online: async () => {},
    }),
    { name: 'UploadError', code: 'unexpected', message: 'no session', retryable: false },
  );
});

// ---- The caller's own faults

/** What reaches the window's `error` event from `onState`. */
function uncaught(t) {
  const errors = [];
  t.mock.method(globalThis, 'queueMicrotask', (task) => {
    try {
      task();
    } catch (error) {
      errors.push(error);
    }
  });
  return errors;
}

/** An `onState` that cannot draw this state. */
const stumbleAt = (bad) => (state) => {
  if (state.state === bad) throw new TypeError(`cannot draw ${bad}`);
};

for (const bad of ['signing', 'sending', 'confirming', 'done']) {
  test(`an onState that throws at ${bad} does not keep the file from being done`, async (t) => {
    const errors = uncaught(t);
    const { result } = await dialogue(
      [
        ['token', grant('a')],
        ['oss a', callbackFailed()],
        ['confirm a', done('a')],
      ],
      { onState: stumbleAt(bad) },
    );
    assert.equal(result.id, 'a');
    assert.deepEqual(new Set(errors.map(({ message }) => message)), new Set([`cannot draw ${bad}`]));
  });
}

test('an onState that throws at failed leaves the failure as it is', async (t) => {
  const errors = uncaught(t);
  const { error } = await dialogue([['token', problem(413, 'too_large')]], { onState: stumbleAt('failed') });
  assert.deepEqual([error instanceof UploadError, error.code, error.status], [true, 'too_large', 413]);
  assert.deepEqual(errors, [new TypeError('cannot draw failed')]);
});

// ---- The browser

/** Replaces a global for one test. */
function stand(t, name, value) {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  t.after(() => (before ? Object.defineProperty(globalThis, name, before) : delete globalThis[name]));
}

test('neither cookies, a cache nor a redirect have a part in asking', async (t) => {
  const asked = [];
  stand(t, 'fetch', async (url, { signal: _, ...init }) => {
    asked.push([url, init]);
    return new Response('{}', { headers: { 'X-Test': '1' } });
  });
  const { signal } = new AbortController();
  const answer = await browserTransport.get('https://token.test/', { A: 'b' }, signal);
  await browserTransport.postJson('https://callback.test/confirm', { ticket: 't' }, {}, signal);
  const apart = { credentials: 'omit', cache: 'no-store', redirect: 'error' };
  assert.deepEqual(asked, [
    ['https://token.test/', { headers: { A: 'b' }, ...apart }],
    [
      'https://callback.test/confirm',
      {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '{"ticket":"t"}',
        ...apart,
      },
    ],
  ]);
  assert.deepEqual([answer.status, answer.headers['x-test'], answer.body], [200, '1', '{}']);
});

test('the form goes out without cookies and without a header of ours, the file last', async (t) => {
  const sent = [];
  class Request extends EventTarget {
    upload = new EventTarget();
    withCredentials = false;
    status = 200;
    responseText = '{}';
    open = (...how) => sent.push(...how);
    getAllResponseHeaders = () => 'X-Oss-Request-Id: R-1\r\n';
    send(form) {
      sent.push(this.withCredentials, [...form.keys()], form.get('file').name);
      this.dispatchEvent(new Event('load'));
    }
  } // no setRequestHeader: calling it would fail
  stand(t, 'XMLHttpRequest', Request);
  const { signal } = new AbortController();
  const fields = { key: 'k', policy: 'p' };
  const answer = await browserTransport.postForm('https://oss.test/', fields, PHOTO, () => {}, signal);
  assert.deepEqual(sent, ['POST', 'https://oss.test/', false, ['key', 'policy', 'file'], 'file']);
  assert.deepEqual(answer, { status: 200, headers: { 'x-oss-request-id': 'R-1' }, body: '{}' });
});

/** An upload in real time that is refused at its second try; `more` may make it wait. */
async function refusedAtLast(signal, more = {}) {
  const answers = [problem(503, 'unavailable'), problem(413, 'too_large')];
  const transport = { ...browserTransport, get: async () => answers.shift() };
  const options = { tokenUrl: 'https://token.test/', transport, random: () => 0, signal, ...more };
  await assert.rejects(uploadFile(PHOTO, options), { code: 'too_large' });
}

test("a pause leaves nothing behind on the caller's signal", async () => {
  const { signal } = new AbortController();
  await refusedAtLast(signal);
  assert.deepEqual(getEventListeners(signal, 'abort'), []);
});

test("waiting for the line leaves nothing behind on the caller's signal", async (t) => {
  const { signal } = new AbortController();
  const page = new EventTarget();
  stand(t, 'navigator', { onLine: false });
  stand(t, 'addEventListener', page.addEventListener.bind(page));
  const comesBack = setInterval(() => page.dispatchEvent(new Event('online')), 1);
  t.after(() => clearInterval(comesBack));
  await refusedAtLast(signal);
  assert.deepEqual(getEventListeners(signal, 'abort'), []);
});

test('cancelling ends a real pause and a real wait for the line at once', async (t) => {
  const page = new EventTarget();
  stand(t, 'addEventListener', page.addEventListener.bind(page));
  for (const onLine of [true, false]) {
    stand(t, 'navigator', { onLine });
    const controller = new AbortController();
    const answers = [problem(503, 'unavailable', { 'retry-after': '60' })];
    const options = {
      tokenUrl: 'https://token.test/',
      transport: { ...browserTransport, get: async () => answers.shift() },
      signal: controller.signal,
    };
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    setTimeout(() => controller.abort(), 5);
    await assert.rejects(uploadFile(PHOTO, options), { code: 'aborted' });
    assert.deepEqual([timers(), getEventListeners(page, 'online')], [before, []]);
  }
});
