/**
 * Uploads in parts that meet faults at random. However they meet, an end is typed and true: nothing is lost, nothing is
 * stored twice, nothing is called done or not stored that is not.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { bytesOf, crcOf, scriptedLocks, scriptedOss, scriptedStore } from './scripted-oss.mjs';

const RUNS = 1000;
const BYTES = bytesOf(650);
const OTHER = bytesOf(50); // of files that the same page sends
const CRC = crcOf(BYTES);
const FAULTS = {
  uploads: ['reset', '503', 'crash'],
  parts: ['reset', '503', 'stall', 'crash', 'ended', 'unverified'],
  put: ['reset', 'lost', '503', 'stall', 'expired', 'wrong', 'no crc', 'blocked', 'dropped', 'replaced'],
  complete: ['lost', 'reset', '203', '503', '503 after', 'crash', 'stall', 'changed', 'late', 'forgotten'],
  confirm: ['reset', '503', 'crash', 'stall'],
  abort: ['reset', '503'],
  form: ['reset', '503'],
};
const CODES = new Set(
  (
    'aborted bad_answer corrupted grant_expired network not_confirmed not_stored parts_changed parts_missing too_slow ' +
    'unavailable upload_gone'
  ).split(' '),
);

/** Numbers from 0 to 1 that are the same in each run of the test (mulberry32). */
function chance(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a user does, at some state of some upload. */
function deeds(random) {
  const states = ['half', 'sending 0', 'confirming', 'signing', 'paused'];
  const state = states[Math.floor(random() * states.length)];
  const cancels = random() < 0.3;
  const pauseMs = random() < 0.2 ? 1_000_000 : 5000;
  const afterMs = [0, 5, 60][Math.floor(random() * 3)]; // also while a request is under way
  if (random() < 0.5) return {};
  return {
    [state]: ({ cancel, control, clock }) => {
      if (cancels) return void clock.wait(afterMs).then(cancel);
      control.pause();
      void clock.wait(pauseMs).then(() => control.resume());
    },
  };
}

/** Uploads until it is done or given up, and looks at what OSS has after each end. */
async function live(seed) {
  const random = chance(seed);
  const rate = random() * 0.5;
  let awayUntil = 0;
  const fault = (kind) => {
    const known = FAULTS[kind];
    if (oss.clock.now() < awayUntil) return 'reset';
    if (random() < rate / 50) awayUntil = oss.clock.now() + random() * 240_000;
    return known && random() < rate ? known[Math.floor(random() * known.length)] : null;
  };
  const isCrowded = random() < 0.05; // then forms wait for their turn
  const oss = scriptedOss({
    fault,
    partSize: 100,
    threshold: random() < 0.9 ? 200 : Infinity,
    putMs: isCrowded ? 25_000 : 100,
  });
  const store = scriptedStore();
  const page = { store, locks: scriptedLocks(), random, bytes: BYTES };
  const others = Array.from({ length: isCrowded ? 20 : 0 }, () =>
    oss.upload({ bytes: OTHER, random, plain: true }),
  );
  let unconfirmed = null;
  for (let visit = 0; visit < 6; visit += 1) {
    const isReloaded = random() < 0.3; // then only the store remembers
    const given = isReloaded && unconfirmed?.kind === 'multipart' ? null : unconfirmed;
    const known = given ?? [...store.kept.values()].find(({ until }) => oss.clock.now() < until);
    const asked = oss.requests.length;
    const wasCompleting = known?.completing;
    const { states, result, error } = await oss.upload({ ...page, unconfirmed: given, at: deeds(random) });
    if (wasCompleting && !isCrowded)
      assert.match(oss.kinds()[asked] ?? '', /^(confirm)?$/, 'it asks for more first');
    await oss.clock.play(oss.clock.wait(30_000)); // what is under way arrives
    assert.equal(states.filter((state) => /^(done|failed)/.test(state)).length, 1);
    if (result) return { oss, result, others: await oss.clock.play(Promise.all(others)) };
    assert.ok(CODES.has(error.code), error.code);
    assert.ok(error.code !== 'corrupted' || error.status === 0, 'a damaged part was completed');
    if (!error.unconfirmed)
      assert.equal(copies(oss).length, 0, `${error.code}: it is stored, and nothing says so`);
    unconfirmed = error.unconfirmed;
  }
  return { oss, result: null, others: await oss.clock.play(Promise.all(others)) };
}

const copies = ({ objects }) => [...objects.values()].filter(({ length }) => length === BYTES.length);

test(`${RUNS} uploads that meet faults at random end typed and true`, async () => {
  let done = 0;
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const { oss, result, others } = await live(seed).catch((error) => {
      error.message = `seed ${seed}: ${error.message}`;
      throw error;
    });
    const about = `seed ${seed}`;
    assert.ok(copies(oss).length <= 1, `${about}: stored twice`);
    for (const { error } of others) assert.ok(!error || CODES.has(error.code), `${about}: ${error?.code}`);
    if (!result) continue;
    done += 1;
    const stored = oss.objects.get(result.id);
    assert.ok(stored, `${about}: done, and not stored`);
    assert.equal(crcOf(stored), CRC, `${about}: another file is stored`);
  }
  assert.ok(done > 0.8 * RUNS, `only ${done} were done: the faults are too many to tell anything`);
});
