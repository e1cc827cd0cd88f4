import assert from 'node:assert/strict';
import test from 'node:test';
import {
  START_MS,
  WHOLE,
  answerLost,
  answerLostUnseen,
  callbackFailed,
  crashed,
  cutAfter,
  dialogue,
  done,
  early,
  grant,
  json,
  problem,
  unreachable,
  xml,
} from './dialogue.mjs';

// ---- What is not yet done

const unproven = {
  'a 203': callbackFailed(),
  'a bare 200': { status: 200, headers: {}, body: '' },
  'a 204': { status: 204, headers: {}, body: '' },
  'a 200 of a crashed function': crashed(),
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
    ['confirm a', crashed()],
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

test('a ticket that is refused is asked with again while it may live, and no more once it has ended', async () => {
  const left = { ...JSON.parse(grant('a').body), until: START_MS - 3_600_000 };
  const refusal = ['confirm a', problem(403, 'not_verified')];
  const { error } = await dialogue([refusal], { unconfirmed: left });
  assert.deepEqual([error.code, error.unconfirmed?.id], ['not_confirmed', 'a']);
  const script = [refusal, ['token', grant('b')], ['oss b', done('b')]];
  const { result } = await dialogue(script, { unconfirmed: { ...left, until: START_MS - 3_700_000 } });
  assert.equal(result.id, 'b');
});
