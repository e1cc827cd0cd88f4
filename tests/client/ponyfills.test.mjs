import assert from 'node:assert/strict';
import test from 'node:test';
import * as own from '../../client/src/apps/ponyfills.js';

/** What apps get behaves as that of browsers and Node.js. */
for (const [kind, { AbortController }] of Object.entries({ own, native: globalThis })) {
  test(`${kind}: a signal aborts once, tells its listeners in order, and throws its reason`, () => {
    const controller = new AbortController();
    const heard = [];
    const first = () => heard.push('first');
    controller.signal.addEventListener('abort', first);
    controller.signal.addEventListener('abort', () => heard.push('second'));
    controller.signal.addEventListener('abort', first);
    assert.equal(controller.signal.aborted, false);
    controller.signal.throwIfAborted();
    controller.abort('this');
    controller.abort('another');
    assert.deepEqual(heard, ['first', 'second']);
    assert.deepEqual([controller.signal.aborted, controller.signal.reason], [true, 'this']);
    assert.throws(
      () => controller.signal.throwIfAborted(),
      (reason) => reason === 'this',
    );
  });

  test(`${kind}: a listener that was removed hears nothing, even by one that hears the same`, () => {
    const controller = new AbortController();
    const { signal } = controller;
    const heard = [];
    const second = () => heard.push('second');
    signal.addEventListener('abort', () => signal.removeEventListener('abort', second));
    signal.addEventListener('abort', second);
    controller.abort();
    assert.deepEqual(heard, []);
  });

  test(`${kind}: another signal removes the listeners that were added with it, and takes no more`, () => {
    const controller = new AbortController();
    const over = new AbortController();
    const heard = [];
    controller.signal.addEventListener('abort', () => heard.push('before'), { signal: over.signal });
    over.abort();
    controller.signal.addEventListener('abort', () => heard.push('after'), { signal: over.signal });
    controller.abort();
    assert.deepEqual(heard, []);
  });

  test(`${kind}: a reason that nobody gave is an AbortError`, () => {
    const controller = new AbortController();
    controller.abort();
    assert.equal(controller.signal.reason.name, 'AbortError');
  });
}

test('a microtask runs after what runs now', async () => {
  const heard = [];
  own.queueMicrotask(() => heard.push('later'));
  heard.push('now');
  await Promise.resolve();
  assert.deepEqual(heard, ['now', 'later']);
});
