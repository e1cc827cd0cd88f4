import assert from 'node:assert/strict';
import test from 'node:test';
import { NetworkFault, uploadFile } from '../../client/src/lib/upload.js';
import { dialogue, done, grant, json, problem, refused, turn } from './dialogue.mjs';

const MIB = 1024 ** 2;

/** Uploads that begin at the same moment. `answer` gets the files of each request, and returns what is answered. */
function together(files, answer, options = () => ({})) {
  const requests = [];
  const transport = {
    postJson: async (url, { files: wanted }, headers, signal) => {
      requests.push({ url, names: wanted.map(({ name }) => name), headers, signal });
      return answer(wanted, signal);
    },
    postForm: async (_url, fields) => done(/uploads\/(\w+)/.exec(fields.key)[1]),
  };
  const ends = files.map((file, nth) =>
    uploadFile(typeof file === 'string' ? { name: file, size: 1 } : file, {
      tokenUrl: 'https://token.test/',
      transport,
      online: async () => true,
      wait: (_, signal) => ended(signal),
      ...options(nth),
    }),
  );
  return { requests, ends: Promise.allSettled(ends) };
}

/** A time limit that is never reached. */
const ended = (signal) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });

const one = (name) => JSON.parse(grant(name).body);
const all = (wanted) => json(200, { uploads: wanted.map(({ name }) => one(name)) });
const namesIn = ({ requests }) => requests.map(({ names }) => names.join(''));

test('files that are wanted at the same moment share one request, and each gets its own grant', async () => {
  const call = together(['a', 'b', 'c'], all);
  const ends = await call.ends;
  assert.deepEqual(
    ends.map(({ value }) => value?.id),
    ['a', 'b', 'c'],
  );
  assert.deepEqual(namesIn(call), ['abc']);
});

test('the address may end in a slash or not', async () => {
  for (const tokenUrl of ['https://token.test', 'https://token.test/']) {
    const { requests, ends } = together(['a'], all, () => ({ tokenUrl }));
    await ends;
    assert.equal(requests[0].url, 'https://token.test/uploads');
  }
});

test('twenty files share a request at most', async () => {
  const call = together([...'abcdefghijklmnopqrstuvwxyz'], all);
  await call.ends;
  assert.deepEqual(namesIn(call), ['abcdefghijklmnopqrst', 'uvwxyz']);
});

test('callers with other headers, or of another function, share nothing', async () => {
  const callers = [
    { headers: { Authorization: 'Bearer 1' } },
    { headers: async () => ({ Authorization: 'Bearer 1' }) },
    { headers: { Authorization: 'Bearer 2' } },
    {},
    { tokenUrl: 'https://other.test/' },
  ];
  const call = together([...'abcde'], all, (nth) => callers[nth]);
  await call.ends;
  assert.deepEqual(namesIn(call).sort(), ['ab', 'c', 'd', 'e']);
  assert.deepEqual(call.requests.map(({ headers }) => headers.Authorization ?? '').sort(), [
    '',
    '',
    'Bearer 1',
    'Bearer 2',
  ]);
});

test('a request has one large file at most, because only one is begun', async () => {
  const files = [...'apbqc'].map((name) => ('pq'.includes(name) ? sized(name, 9 * MIB) : name));
  const call = together(files, all);
  await call.ends;
  assert.deepEqual(
    namesIn(call).map((names) => [...names].filter((name) => 'pq'.includes(name)).length),
    [1, 1],
  );
});

/** A file of that size that can be cut, as all files of browsers. */
const sized = (name, size) => ({ name, size, slice: () => new Blob([]) });

test('the problem of one file fails that file alone', async () => {
  const { ends } = together(['a', 'b'], (wanted) =>
    json(200, {
      uploads: [
        { problem: JSON.parse(problem(413, 'too_large').body) },
        ...wanted.slice(1).map(({ name }) => one(name)),
      ],
    }),
  );
  const [a, b] = await ends;
  assert.deepEqual([a.reason.code, a.reason.status, a.reason.requestId], ['too_large', 413, 'r-1']);
  assert.equal(b.value.id, 'b');
});

test('a problem that another request would not have is tried again', async () => {
  const { states } = await dialogue([
    ['token', refused(503, 'unavailable', { retryable: true })],
    ['token', refused(409, 'busy', { retryable: true })],
    ['token', grant('a')],
    ['oss a', done('a')],
  ]);
  assert.equal(states.at(-1), 'done');
});

test('a refusal of the request is the refusal of each of its files', async () => {
  const { ends } = together(['a', 'b'], () => problem(401, 'token_invalid'));
  assert.deepEqual(
    (await ends).map(({ reason }) => reason.code),
    ['token_invalid', 'token_invalid'],
  );
});

for (const [what, answer] of [
  ['no list', json(200, {})],
  ['a list that is too short', json(200, { uploads: [] })],
  ['no object', json(200, { uploads: ['a'] })],
  [
    'another number of parts',
    json(200, { uploads: [{ ...one('a'), kind: 'multipart', part_size: 2, parts: 2 }] }),
  ],
])
  test(`an answer with ${what} is none`, async () => {
    const { error } = await dialogue(Array(5).fill(['token', answer]));
    assert.deepEqual([error.code, error.retryable], ['bad_answer', true]);
  });

test('a cancel takes one file out of the request, and the last one ends it', async () => {
  const controllers = [new AbortController(), new AbortController()];
  const call = together(
    ['a', 'b'],
    (_, signal) => ended(signal),
    (nth) => ({ signal: controllers[nth].signal }),
  );
  await turn();
  await turn();
  const [{ signal }] = call.requests;
  controllers[0].abort();
  await turn();
  assert.equal(signal.aborted, false);
  controllers[1].abort();
  await turn();
  assert.equal(signal.aborted, true);
  assert.deepEqual(
    (await call.ends).map(({ reason }) => reason.code),
    ['aborted', 'aborted'],
  );
});

test('a file that is cancelled before the request goes out is not asked for', async () => {
  const controller = new AbortController();
  const call = together(['a', 'b'], all, (nth) => (nth === 0 ? { signal: controller.signal } : {}));
  await Promise.resolve().then(() => {});
  controller.abort();
  const [a, b] = await call.ends;
  assert.deepEqual([a.reason.code, b.value.id], ['aborted', 'b']);
  assert.deepEqual(namesIn(call), ['b']);
});

test('a request that fails is tried again by each of its files', async () => {
  let failed = false;
  const call = together(
    ['a', 'b'],
    (wanted) => {
      if (failed) return all(wanted);
      failed = true;
      throw new NetworkFault('reset');
    },
    () => ({ random: () => 0, wait: (ms, signal) => (ms < 100 ? turn() : ended(signal)) }),
  );
  assert.deepEqual(
    (await call.ends).map(({ value }) => value?.id),
    ['a', 'b'],
  );
  assert.deepEqual(namesIn(call), ['ab', 'ab']);
});

test("the page's data and a profile are sent as they are given, and nothing where none is", async () => {
  const asked = [];
  const answer = (wanted) => {
    asked.push(...wanted);
    return all(wanted);
  };
  const given = [{ data: { order: '7' }, profile: 'avatar' }, {}];
  await together(['a', 'b'], answer, (nth) => given[nth]).ends;
  assert.deepEqual(asked, [
    { name: 'a', size: 1, type: '', data: { order: '7' }, profile: 'avatar' },
    { name: 'b', size: 1, type: '' },
  ]);
});

test('data that is no JSON fails its own file alone', async () => {
  const call = together(['a', 'b'], all, (nth) => (nth === 0 ? { data: { size: 1n } } : {}));
  const [failed, other] = await call.ends;
  assert.deepEqual([failed.reason.code, other.value?.id, namesIn(call)], ['unexpected', 'b', ['b']]);
});

test('what is refused for its data is said with the code of the token function', async () => {
  const refusal = JSON.parse(problem(422, 'data_invalid').body);
  const answer = (wanted) =>
    json(200, { uploads: wanted.map(({ data }) => (data ? { problem: refusal } : one('b'))) });
  const [refusedOne, other] = await together(['a', 'b'], answer, (nth) =>
    nth === 0 ? { data: { Order: '7' } } : {},
  ).ends;
  assert.deepEqual(
    [refusedOne.reason.code, refusedOne.reason.retryable, other.value?.id],
    ['data_invalid', false, 'b'],
  );
});

test('data that is changed after the call changes nothing', async () => {
  const asked = [];
  const data = { order: '7' };
  const call = together(
    ['a'],
    (wanted) => (asked.push(...wanted), all(wanted)),
    () => ({ data }),
  );
  await turn();
  data.order = '8';
  await call.ends;
  assert.equal(asked[0].data.order, '7');
});
