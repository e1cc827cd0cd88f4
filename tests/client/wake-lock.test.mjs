import assert from 'node:assert/strict';
import test from 'node:test';
import { WakeLock } from '../../client/src/page/wake-lock.js';

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A browser's wake lock, and what was asked of it. */
function browser() {
  const sentinels = [];
  const request = async () => {
    const sentinel = {
      released: false,
      release: async () => {
        sentinel.released = true;
      },
    };
    sentinels.push(sentinel);
    return sentinel;
  };
  return { request, released: () => sentinels.map(({ released }) => released) };
}

test('the screen stays on from the first byte to the last, by one lock', async () => {
  const { request, released } = browser();
  const lock = new WakeLock({ request });
  for (let n = 0; n < 3; n += 1) lock.want(true);
  await settled();
  lock.want(true);
  assert.deepEqual(released(), [false]);
  lock.want(false);
  await settled();
  assert.deepEqual(released(), [true]);
});

test('what the browser has released in the background is asked for again', async () => {
  const { request, released } = browser();
  const lock = new WakeLock({ request });
  lock.want(true);
  await settled();
  lock.want(false);
  lock.want(true);
  await settled();
  assert.deepEqual(released(), [true, false]);
});

test('a lock that comes too late is released', async () => {
  const { request, released } = browser();
  const lock = new WakeLock({ request });
  lock.want(true);
  lock.want(false);
  await settled();
  assert.deepEqual(released(), [true]);
});

test('an upload needs no lock', async () => {
  for (const wakeLock of [undefined, { request: () => Promise.reject(new Error('low battery')) }]) {
    const lock = new WakeLock(wakeLock);
    lock.want(true);
    await settled();
    lock.want(false);
  }
});
