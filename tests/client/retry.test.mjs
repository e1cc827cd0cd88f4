import assert from 'node:assert/strict';
import test from 'node:test';
import { NetworkFault, UploadError, uploadFile } from '../../client/src/lib/upload.js';
import {
  WHOLE,
  START_MS,
  callbackFailed,
  crashed,
  dialogue,
  done,
  early,
  grant,
  granted,
  policyExpired,
  problem,
  queued,
  silence,
  silenceAfter,
  slowly,
  unreachable,
  xml,
} from './dialogue.mjs';

// ---- Retries

for (const [what, answer] of Object.entries({
  'a network fault': unreachable(),
  'a silent token function': silence(),
  500: problem(500, 'internal'),
  503: problem(503, 'unavailable'),
  408: problem(408, 'timeout'),
  429: problem(429, 'busy'),
  'a crashed token function': crashed(),
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

// ---- Sleep

/** Some bytes leave, the machine sleeps, and then this happens. */
const asleep =
  (seconds, then) =>
  async ({ send, clock, ...more }) => {
    send(2);
    clock.jump(seconds);
    return then({ send, clock, ...more });
  };

test('a connection that lives through the sleep of the machine goes on', async () => {
  const wakes = async ({ send, clock }) => {
    await clock.wait(31_000); // the timer goes off before the first byte
    send(5);
    return done('a');
  };
  const { states } = await dialogue([
    ['token', grant('a', { expires_in: 900 })],
    ['oss a', asleep(600, wakes)],
  ]);
  assert.deepEqual(states, ['signing', 'sending 0/5', 'sending 2/5', 'sending 5/5', 'done']);
});

test('a connection that the sleep has killed gets one more time limit, not two', async () => {
  const { requests } = await dialogue([
    ['token', grant('a')],
    ['oss a', asleep(600, silence())],
    ['token', grant('b')],
    ['oss b', done('b')],
  ]);
  assert.equal(requests[2].at, 600_000 + 30_000 + 30_000 + 500);
});

test('each sleep is forgiven when bytes have moved in between', async () => {
  const twice = async ({ send, clock }) => {
    await clock.wait(31_000);
    send(3);
    clock.jump(600);
    await clock.wait(31_000);
    send(5);
    return done('a');
  };
  const { states } = await dialogue([
    ['token', grant('a')],
    ['oss a', asleep(600, twice)],
  ]);
  assert.equal(states.at(-1), 'done');
});

test('a machine that falls asleep while it asks gives each function another time limit', async () => {
  const wakes =
    (answer) =>
    async ({ clock }) => {
      clock.jump(600);
      await clock.wait(16_000);
      return answer;
    };
  const { states } = await dialogue([
    ['token', wakes(grant('a'))],
    ['oss a', callbackFailed()],
    ['confirm a', wakes(done('a'))],
  ]);
  assert.deepEqual(states, [...WHOLE, 'confirming', 'done']);
});

for (const hours of [-1, 1])
  test(`a clock that is set by ${hours} h in mid-upload does not hide a stall`, async () => {
    const { requests } = await dialogue([
      ['token', grant('a')],
      ['oss a', asleep(hours * 3600, silence())],
      ['token', grant('b')],
      ['oss b', done('b')],
    ]);
    assert.ok(requests[2].at <= hours * 3_600_000 + 60_500);
  });

// ---- Offline

test('waits while the machine is offline and then goes on', async () => {
  const cut = async ({ send, clock }) => {
    send(1);
    await clock.wait(1000);
    throw new NetworkFault('reset');
  };
  const { states, requests, pauses } = await dialogue(
    [
      ['token', grant('a')],
      ['oss a', cut],
      ...Array(4).fill(['token', unreachable()]),
      ['token', grant('b')],
      ['oss b', done('b')],
    ],
    { offline: [1, 61] },
  );
  assert.deepEqual(states, ['signing', 'sending 0/5', 'sending 1/5', ...WHOLE, 'done']);
  assert.equal(requests.at(-1).at, 61_000);
  assert.deepEqual(pauses, [500]);
});

test('a file chosen while offline waits for the line as long as it is away', async () => {
  for (const [seconds, questions] of [
    [60, 4],
    [3600, 122],
  ]) {
    const { states, requests } = await dialogue(
      [...Array(questions).fill(['token', unreachable()]), ['token', grant('a')], ['oss a', done('a')]],
      { offline: [0, seconds] },
    );
    assert.deepEqual(states, [...WHOLE, 'done']);
    assert.equal(requests.at(-1).at, seconds * 1000, 'at once when the line is back');
  }
});

test('a confirmation waits for the line as long as it is away', async () => {
  const { result, requests } = await dialogue(
    [
      ['token', grant('a')],
      ['oss a', callbackFailed()],
      ...Array(122).fill(['confirm a', unreachable()]),
      ['confirm a', done('a')],
    ],
    { offline: [0, 3603] },
  ).catch((error) => ({ error }));
  assert.equal(result?.id, 'a');
  assert.equal(requests.at(-1).at, 3_603_000);
});

test('a browser that is wrong about being offline uploads after a few seconds', async () => {
  const { states, requests } = await dialogue(
    [
      ['token', grant('a')],
      ['oss a', done('a')],
    ],
    { offline: [0, Infinity] },
  );
  assert.deepEqual(states, [...WHOLE, 'done']);
  assert.deepEqual(
    requests.map(({ at }) => at),
    [3000, 3000],
  );
});

test('a browser that was wrong about being offline is not waited for again', async () => {
  const asked = [];
  const online = async (ms) => (asked.push(ms), false);
  for (const id of ['a', 'b'])
    await uploadFile(new File(['12345'], 'photo.jpg'), {
      tokenUrl: 'https://token.test/',
      online,
      transport: {
        postForm: async () => done(id),
        postJson: async () => granted(grant(id)),
      },
    });
  assert.deepEqual(asked, [3000, 0]);
});

test('nothing is asked after a cancel, whatever the word for offline does', async () => {
  const controller = new AbortController();
  let asked = 0;
  const upload = uploadFile(new File(['12345'], 'photo.jpg'), {
    tokenUrl: 'https://token.test/',
    signal: controller.signal,
    online: async () => false,
    transport: {
      postJson: async () => {
        if ((asked += 1) === 1) controller.abort();
        if (asked > 9) throw new UploadError('unexpected', 'asked for ever');
        throw new NetworkFault('gone');
      },
    },
  });
  await assert.rejects(upload, { code: 'aborted' });
  assert.equal(asked, 1);
});

test('a browser that is wrong about being offline does not send a file for ever', async () => {
  const lines = ['a', 'b', 'c', 'd', 'e'].flatMap((id) => [
    ['token', grant(id)],
    ['oss ' + id, unreachable()],
  ]);
  const { states } = await dialogue(lines, { offline: [0, Infinity] });
  assert.equal(states.at(-1), 'failed network 0 retryable');
});

test('a refusal is a refusal, also where the browser says that it is offline', async () => {
  const { states } = await dialogue([['token', problem(413, 'too_large')]], { offline: [0, Infinity] });
  assert.deepEqual(states, ['signing', 'failed too_large 413']);
});

test('cancelled while offline', async () => {
  const { states } = await dialogue([], { offline: [0, 60], cancelAt: 'signing' });
  assert.deepEqual(states, ['signing', 'failed aborted 0 retryable']);
});

for (const offline of [
  [0, 0],
  [0, 60],
]) {
  test(`a signal that was aborted before asks nothing, ${offline[1] ? 'offline' : 'online'}`, async () => {
    const { states } = await dialogue([], { offline, signal: AbortSignal.abort() });
    assert.deepEqual(states, ['signing', 'failed aborted 0 retryable']);
  });
}
