import assert from 'node:assert/strict';
import test from 'node:test';
import { GrantsAhead, grantsIn } from '../../client/src/page/grants-ahead.js';

const MINUTE = 60_000;
const file = (number, size = 1) => ({ name: `${number}.txt`, size, type: 'text/plain' });

/** Grants that live for five minutes, and the names of the files of each request. */
function open(
  t,
  answer = (files) => files.map(({ name }) => ({ id: name, until: Date.now() + 5 * MINUTE })),
) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const asked = [];
  const grants = new GrantsAhead(async (files) => {
    asked.push(files.map(({ name }) => name));
    return answer(files);
  });
  const settle = () => t.mock.timers.tick(100);
  return { grants, asked, settle };
}

test('files that are chosen together are asked for in one request, once the last is there', async (t) => {
  const { grants, asked, settle } = open(t);
  for (const number of [1, 2, 3]) grants.add(`f${number}`, file(number));
  assert.deepEqual(asked, []);
  settle();
  assert.deepEqual(asked, [['1.txt', '2.txt', '3.txt']]);
  assert.equal((await grants.take('f2'))?.id, '2.txt');
  assert.equal(asked.length, 1);
});

test('five hundred files take a request for twenty at a time, most of them before their turn', async (t) => {
  const { grants, asked, settle } = open(t);
  for (let number = 0; number < 500; number += 1) grants.add(`f${number}`, file(number));
  settle();
  assert.equal(asked.length, 1);
  for (let number = 0; number < 500; number += 1)
    assert.equal((await grants.take(`f${number}`))?.id, `${number}.txt`);
  assert.ok(asked.every((names) => names.length <= 20));
  assert.ok(asked.length < 60, `${asked.length} requests`);
  assert.equal(new Set(asked.flat()).size, 500);
});

test('a file that has another id from now on keeps its grant and its turn', async (t) => {
  const { grants, asked, settle } = open(t);
  for (let number = 0; number < 30; number += 1) grants.add(`f${number}`, file(number));
  settle();
  for (let number = 0; number < 30; number += 1) grants.rename(`f${number}`, `s${number}`);
  for (const number of [0, 25]) assert.equal((await grants.take(`s${number}`))?.id, `${number}.txt`);
  assert.equal(new Set(asked.flat()).size, asked.flat().length);
  grants.rename('never seen', 's1');
  assert.equal((await grants.take('s1'))?.id, '1.txt');
});

test('a file whose turn comes at once is asked for at once, and the others with it', async (t) => {
  const { grants, asked } = open(t);
  for (const number of [1, 2]) grants.add(`f${number}`, file(number));
  assert.equal((await grants.take('f2'))?.id, '2.txt');
  assert.deepEqual(asked, [['2.txt', '1.txt']]);
});

test('an answer that does not come holds an upload up for fifteen seconds at most', async (t) => {
  const { grants, asked } = open(t, () => new Promise(() => {}));
  grants.add('f1', file(1));
  const taken = grants.take('f1');
  t.mock.timers.tick(15_000);
  assert.equal(await taken, null);
  assert.equal(asked.length, 1);
});

test('nothing is asked for a large file, a removed one, or one that nobody has chosen', async (t) => {
  const { grants, asked, settle } = open(t);
  grants.add('large', file(1, 8 * 1024 ** 2 + 1));
  grants.add('removed', file(2));
  grants.drop('removed');
  settle();
  for (const id of ['large', 'removed', 'other']) assert.equal(await grants.take(id), null);
  assert.deepEqual(asked, []);
});

test('a grant that has grown old while the user looked is not used, nor one twice', async (t) => {
  const { grants, settle } = open(t);
  for (const number of [1, 2]) grants.add(`f${number}`, file(number));
  settle();
  assert.equal((await grants.take('f1'))?.id, '1.txt');
  assert.equal(await grants.take('f1'), null);
  t.mock.timers.tick(4 * MINUTE);
  assert.equal(await grants.take('f2'), null);
});

test('a request that fails, and a file that is refused, leave the upload to ask by itself', async (t) => {
  const { grants, settle } = open(t, async ([{ name }]) => {
    if (name === '1.txt') throw new Error('no network');
    return grantsIn(JSON.stringify({ uploads: [{ problem: { status: 413 } }] }), 0);
  });
  for (const number of [1, 2]) {
    grants.add(`f${number}`, file(number));
    settle();
    assert.equal(await grants.take(`f${number}`), null);
  }
});

test('the end of a grant is by the clock of this machine; a refusal of all files has none', () => {
  const one = { id: 'a', url: 'https://b.test/', fields: {}, expires_in: 300 };
  const body = JSON.stringify({
    uploads: [one, { problem: {} }, { ...one, kind: 'multipart', url: undefined }],
  });
  assert.deepEqual(grantsIn(body, 1000), [{ ...one, until: 301_000 }, null, null]);
  assert.deepEqual(grantsIn('{"code":"token_expired"}', 0), []);
});
