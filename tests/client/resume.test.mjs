import assert from 'node:assert/strict';
import test from 'node:test';
import { remember } from '../../client/src/lib/resume.js';
import { START_MS, turn } from './dialogue.mjs';
import { bytesOf, crcOf, scriptedLocks, scriptedOss, scriptedStore } from './scripted-oss.mjs';

const BYTES = bytesOf(10_000);

/** An upload that is closed with its page when half of it has arrived, and what is remembered of it. */
async function closed(options = {}) {
  const oss = scriptedOss({ faults: { 'put 7': ['stall', ...Array(4).fill('503')], ...options.faults } });
  const store = scriptedStore();
  const locks = scriptedLocks();
  const page = { store, locks, owner: 'ann', ...options };
  const { error } = await oss.upload(page);
  assert.equal(error.code, 'unavailable');
  return { oss, store, locks, page, before: oss.puts().length };
}

test('the same file, chosen again, goes on where it was', async () => {
  const { oss, page, before, store } = await closed();
  const { result } = await oss.upload(page);
  assert.deepEqual([result.id, oss.puts().slice(before)], ['u1', [7]]);
  assert.equal(result.crc64, crcOf(BYTES));
  assert.equal(store.kept.size, 0);
});

test('what is remembered says whose it is, of which file, for what, and until when', async () => {
  const { store } = await closed({ data: { order: '7' } });
  const [[key, { ticket, sent, until }]] = [...store.kept];
  const facts = ['film.mp4', 10_000, 7, 'video/mp4', { order: '7' }, null];
  assert.deepEqual(JSON.parse(key), ['https://token.test/', 'ann', ...facts]);
  assert.deepEqual([ticket, Object.keys(sent).length, until], ['ticket-u1', 9, 82_800_000 + START_MS + 10]);
});

for (const [what, other] of [
  ['another user', { owner: 'bob' }],
  ['another token function', { tokenUrl: 'https://other.test/' }],
  ['a file of another date', { like: { lastModified: 8 } }],
  ['a file of another name', { like: { name: 'b.mp4' } }],
  ['a file of another type', { like: { type: 'video/x' } }],
  ['a file with other data', { data: { order: '8' } }],
  ['a file of another profile', { profile: 'b' }],
  ['a file of another size', { bytes: bytesOf(10_001) }],
])
  test(`${what} goes on with nothing`, async () => {
    const { oss, page } = await closed();
    const { result } = await oss.upload({ ...page, ...other });
    assert.equal(result.id, 'u2');
  });

for (const [what, at] of [
  ['at its beginning', 0],
  ['at its end', 9999],
  ['in its middle', 4500],
])
  test(`a file that looks the same and differs ${what} is never mixed with the first`, async () => {
    const { oss, page, before } = await closed();
    const bytes = BYTES.slice();
    bytes[at] ^= 1;
    const { result } = await oss.upload({ ...page, bytes });
    assert.equal(result.id, 'u1');
    assert.deepEqual(oss.objects.get('u1'), bytes);
    assert.equal(oss.puts().length - before, 2); // with the one that was missing
  });

test('what has ended is not gone on with, and forgotten', async () => {
  const { oss, page, store } = await closed();
  await oss.clock.play(oss.clock.wait(82_800_000));
  const { result } = await oss.upload(page);
  assert.deepEqual([result.id, store.kept.size], ['u2', 0]);
});

for (const [what, options] of [
  ['cancelled', { at: { half: ({ cancel }) => cancel() } }],
  ['refused', { faults: { 'put 3': ['denied'] } }],
])
  test(`an upload that is ${what} is forgotten`, async () => {
    const oss = scriptedOss({ faults: options.faults ?? {} });
    const store = scriptedStore();
    await oss.upload({ store, locks: scriptedLocks(), ...options });
    assert.equal(store.kept.size, 0);
  });

test('an upload that is cancelled while it is completed is remembered: it may be stored', async () => {
  const oss = scriptedOss();
  const page = { store: scriptedStore(), locks: scriptedLocks() };
  await oss.upload({ ...page, at: { confirming: ({ cancel }) => cancel() } });
  assert.equal(page.store.kept.size, 1);
  assert.equal((await oss.upload(page)).result.id, 'u1');
});

test('two tabs send two uploads of the same file, and neither harms the other', async () => {
  const oss = scriptedOss();
  const page = { store: scriptedStore(), locks: scriptedLocks(), plain: true };
  const ends = await oss.clock.play(Promise.all([oss.upload(page), oss.upload(page)]));
  assert.deepEqual(ends.map(({ result }) => result?.id).sort(), ['u1', 'u2']);
  assert.equal(page.locks.held.size, 0);
});

for (const [what, without] of [
  ['locks', { locks: undefined }],
  [
    'a lock that may be had',
    { locks: { request: () => Promise.reject(new DOMException('', 'SecurityError')) } },
  ],
])
  test(`without ${what} nothing is remembered, and the file is sent`, async () => {
    const store = scriptedStore();
    const oss = scriptedOss({ faults: { 'put 7': ['stall', ...Array(4).fill('503')] } });
    const { error } = await oss.upload({ store, ...without });
    assert.deepEqual([error.code, store.kept.size], ['unavailable', 0]);
  });

const broken = () => Promise.reject(new Error('quota'));
for (const [what, store] of [
  ['fails', { get: broken, put: broken, delete: broken }],
  [
    'hangs',
    {
      get: () => new Promise(() => {}),
      put: () => new Promise(() => {}),
      delete: () => new Promise(() => {}),
    },
  ],
  ['has something else', { get: async () => ({ grant: {}, until: Infinity }), put: broken, delete: broken }],
])
  test(`a store that ${what} fails no upload`, async () => {
    const oss = scriptedOss();
    assert.equal((await oss.upload({ store, locks: scriptedLocks() })).result.id, 'u1');
  });

test('parts of an earlier visit are compared before all are put together, as a state of its own', async () => {
  const { oss, page } = await closed();
  const { states } = await oss.upload(page);
  assert.deepEqual(
    [...new Set(states.filter((state) => !state.startsWith('sending')))],
    ['signing', 'checking', 'confirming', 'done'],
  );
});

test('a file that cannot be read for a time goes on where it was', async () => {
  const oss = scriptedOss();
  const page = { store: scriptedStore(), locks: scriptedLocks(), owner: 'ann' };
  const read = () => {
    if (oss.puts().length > 5) throw new DOMException('gone', 'NotReadableError');
  };
  const { error } = await oss.upload({ ...page, like: { read } });
  assert.deepEqual(
    [error.code, error.unconfirmed, page.store.kept.size, oss.kinds().includes('abort')],
    ['unreadable', null, 1, false],
  );
  assert.equal((await oss.upload(page)).result?.id, 'u1');
});

test('without a memory, the parts of a file that cannot be read are dropped', async () => {
  const oss = scriptedOss();
  const read = () => Promise.reject(new DOMException('gone', 'NotReadableError'));
  const { error } = await oss.upload({ like: { read } });
  assert.deepEqual([error.code, error.unconfirmed, oss.kinds().at(-1)], ['unreadable', null, 'abort']);
});

test('what has ended is deleted, though the file is not sent', async () => {
  const { oss, page, store } = await closed();
  await oss.clock.play(oss.clock.wait(82_800_000));
  await oss.upload({ ...page, faults: {}, at: { signing: ({ cancel }) => cancel() } });
  assert.equal(store.kept.size, 0);
});

test('the next tab goes on only after what this one writes is written', async () => {
  const locks = scriptedLocks();
  let finish;
  const put = () =>
    new Promise((resolve) => {
      finish = resolve;
    });
  const memory = remember({ ...scriptedStore(), put }, { locks, wait: () => new Promise(() => {}) });
  const upload = await memory.open({ tokenUrl: 'https://token.test/', file: { name: 'a', size: 1 } });
  upload.save({ expires_in: 1 });
  upload.close();
  await turn();
  assert.equal(locks.held.size, 1);
  finish();
  await turn();
  assert.equal(locks.held.size, 0);
});

test('a part that OSS has lost is not remembered as sent', async () => {
  const oss = scriptedOss({
    faults: { complete: ['forgotten'], put: [...Array(10).fill(null), ...Array(9).fill('wrong')] },
  });
  const page = { store: scriptedStore(), locks: scriptedLocks() };
  const { error } = await oss.upload(page);
  assert.equal(error.code, 'corrupted');
  assert.equal((await oss.upload(page)).result?.crc64, crcOf(BYTES));
});

/** Until the addresses of parts have ended. */
const pause = ({ control, clock }) => {
  control.pause();
  void clock.wait(900_000).then(() => control.resume());
};
const YEARS = 10 * 365 * 86_400_000;

for (const [what, offMs] of [
  ['years behind', -YEARS],
  ['years ahead', YEARS],
])
  test(`with a clock that is ${what}, an upload outlasts its addresses, and goes on after a reload`, async () => {
    const oss = scriptedOss({ faults: { 'put 7': ['stall', ...Array(4).fill('503')] } });
    const page = { store: scriptedStore(), locks: scriptedLocks(), now: () => oss.clock.now() + offMs };
    const { error } = await oss.upload(page);
    assert.equal(error.code, 'unavailable');
    await oss.clock.play(oss.clock.wait(3_600_000));
    assert.equal((await oss.upload(page)).result?.id, 'u1');
    assert.equal((await oss.upload({ ...page, at: { half: pause } })).result?.id, 'u2');
  });
