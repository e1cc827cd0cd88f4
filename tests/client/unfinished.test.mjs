import assert from 'node:assert/strict';
import test from 'node:test';
import { lockName } from '../../client/src/lib/resume.js';
import { UnfinishedUploads } from '../../client/src/page/unfinished.js';
import { bytesOf, crcOf } from './scripted-oss.mjs';

const TOKEN_URL = 'https://token.test/';
const FILM = { name: 'film.mp4', size: 25_000_000, lastModified: 7, type: 'video/mp4' };
const grant = (more = {}) => ({
  id: 'u1',
  kind: 'multipart',
  ticket: 'ticket-u1',
  part_size: 10_000_000,
  parts: 3,
  expires_in: 100,
  sent: { 1: '11', 3: '33' },
  ...more,
});
const handle = { kind: 'file', getFile: async () => FILM };

/** What a browser keeps, and who asks for it; `held` are locks of other tabs. */
function open({ kept = new Map(), held = [], owner = 'ann', tokenUrl = TOKEN_URL, stored = {} } = {}) {
  const clock = { ms: 0 };
  const requests = [];
  const changes = [];
  const store = {
    get: async (key) => kept.get(key),
    put: async (key, upload) =>
      kept.set(key, structuredClone({ ...upload, handle: undefined, given: upload.handle === handle })),
    delete: async (key) => kept.delete(key),
    keys: async () => [...kept.keys()],
  };
  const locks = {
    query: async () => ({ held: held.map((name) => ({ name })) }),
    request: async (name, options, run) => run({ name }),
  };
  const transport = {
    postJson: async (url, body, headers, signal, keepalive) => {
      requests.push([url, body, keepalive]);
      return { status: 200, headers: {}, body: JSON.stringify(stored) };
    },
  };
  const unfinished = new UnfinishedUploads({
    tokenUrl,
    owner,
    transport,
    onChange: () => changes.push(unfinished.keeps(FILM)),
    store,
    locks,
    now: () => clock.ms,
  });
  const begin = async (upload = grant()) => {
    const one = await unfinished.memory.open({ tokenUrl, file: FILM });
    one.save(upload);
    await settled();
    return one;
  };
  return { unfinished, begin, kept, clock, requests, changes };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const keyOf = (owner) => JSON.stringify([TOKEN_URL, owner, ...Object.values(FILM), null, null]);

test('what was left is listed with the bytes that have arrived', async () => {
  const { begin, kept } = open();
  await begin();
  assert.deepEqual(await open({ kept }).unfinished.list(), [
    { file: FILM, loaded: 15_000_000, handle: null, stored: null },
  ]);
});

test('another user of the browser, and another deployment, see nothing of it', async () => {
  const { begin, kept } = open();
  await begin();
  for (const other of [{ owner: 'bob' }, { owner: '' }, { tokenUrl: 'https://other.test/' }]) {
    const { unfinished } = open({ kept, ...other });
    assert.deepEqual(await unfinished.list(), []);
    await unfinished.clear();
  }
  assert.equal(kept.size, 1);
});

test('a file of one part is not remembered: nothing of it would be left to go on with', async () => {
  const { unfinished } = open();
  for (const [size, isRemembered] of [
    [8 * 1024 ** 2, false],
    [8 * 1024 ** 2 + 1, true],
  ]) {
    const upload = await unfinished.memory.open({ tokenUrl: TOKEN_URL, file: { ...FILM, size } });
    assert.equal(upload !== null, isRemembered);
  }
});

test('what another tab is sending is not offered', async () => {
  const { begin, kept } = open();
  await begin();
  assert.deepEqual(await open({ kept, held: [lockName(keyOf('ann'))] }).unfinished.list(), []);
});

test('what has ended is not offered, and forgotten', async () => {
  const { begin, kept } = open();
  await begin();
  const { unfinished, clock } = open({ kept });
  clock.ms = 100_000;
  assert.deepEqual([await unfinished.list(), kept.size], [[], 0]);
});

test('where storage is forbidden nothing is offered', async () => {
  const { unfinished } = open();
  unfinished.store.keys = async () => {
    throw new Error('denied');
  };
  assert.deepEqual(await unfinished.list(), []);
  await unfinished.clear();
});

test('a page knows which of its files would go on after a reload', async () => {
  const { begin, unfinished, changes } = open();
  const one = await begin();
  one.save(grant());
  await settled();
  assert.deepEqual(
    [unfinished.keeps(FILM), unfinished.keeps({ ...FILM, size: 1 }), changes],
    [true, false, [true]],
  );
  one.forget();
  await settled();
  assert.deepEqual([unfinished.keeps(FILM), changes], [false, [true, false]]);
});

test("a file's handle is kept with its upload; that of a folder is no file's", async () => {
  const { begin, unfinished, kept } = open();
  for (const given of [null, { kind: 'directory' }, handle]) await unfinished.takeHandle(given);
  await begin();
  assert.deepEqual(
    [...kept.values()].map(({ given }) => given),
    [true],
  );
});

test('the handle of a file that is gone is not kept', async () => {
  const { begin, unfinished, kept } = open();
  await unfinished.takeHandle({ kind: 'file', getFile: () => Promise.reject(new Error('gone')) });
  await begin();
  assert.deepEqual(
    [...kept.values()].map(({ given }) => given),
    [false],
  );
});

test('what is discarded is forgotten, and OSS drops its parts', async () => {
  const { begin, unfinished, kept, requests } = open();
  await begin();
  await unfinished.discard({ ...FILM, size: 1 });
  assert.equal(kept.size, 1);
  await unfinished.discard(FILM);
  assert.deepEqual([kept.size, requests], [0, [[`${TOKEN_URL}abort`, { ticket: 'ticket-u1' }, true]]]);
});

test('the parts of what may be stored already are left alone', async () => {
  const { begin, unfinished, kept, requests } = open();
  await begin(grant({ completing: true }));
  await unfinished.discard(FILM);
  assert.deepEqual([kept.size, requests], [0, []]);
});

test('after signing out nothing is remembered, also of what is still being sent', async () => {
  const { begin, unfinished, kept, requests, changes } = open();
  const one = await begin();
  await unfinished.clear();
  one.save(grant({ sent: { 1: '11', 2: '22', 3: '33' } }));
  await settled();
  assert.deepEqual([kept.size, requests, changes], [0, [], [true, false]]);
});

test('signing out has OSS drop what an earlier visit has left', async () => {
  const { begin, kept } = open();
  await begin();
  const { unfinished, requests } = open({ kept });
  await unfinished.clear();
  assert.deepEqual([kept.size, requests.length], [0, 1]);
});

// ---- Completed when the page was closed

const BYTES = bytesOf(FILM.size);
const SENT = Object.fromEntries(
  [1, 2, 3].map((n) => [n, crcOf(BYTES.slice((n - 1) * 10_000_000, n * 10_000_000))]),
);
const STORED = { Status: 'OK', id: 'u1', key: 'a', crc64: crcOf(BYTES) };
/** The browser of somebody who closed the page while all parts were put together. */
async function closed(more = {}) {
  const { begin, kept } = open();
  const confirm = 'https://callback.test/confirm';
  await begin(grant({ sent: SENT, completing: true, confirm, ...more }));
  return kept;
}

test('what was being completed is asked for, and is done without its file if it is stored', async () => {
  const kept = await closed();
  const { unfinished, requests } = open({ kept, stored: STORED });
  const [{ stored }] = await unfinished.list();
  assert.deepEqual([stored, kept.size], [STORED, 0]);
  assert.deepEqual(requests, [['https://callback.test/confirm', { ticket: 'ticket-u1' }, undefined]]);
});

for (const [what, more, stored] of [
  ['is not stored', {}, { code: 'not_stored' }],
  ['is stored with another checksum', {}, { ...STORED, crc64: '1' }],
  ['is stored, and not known to have been sent', { sent: { 1: '11' } }, STORED],
])
  test(`what was being completed and ${what} needs its file`, async () => {
    const kept = await closed(more);
    const [left] = await open({ kept, stored }).unfinished.list();
    assert.deepEqual([left.stored, kept.size], [null, 1]);
  });

test('what was not being completed is not asked for', async () => {
  const kept = await closed({ completing: false });
  const { unfinished, requests } = open({ kept, stored: STORED });
  await unfinished.list();
  assert.deepEqual(requests, []);
});
