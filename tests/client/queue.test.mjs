import assert from 'node:assert/strict';
import test from 'node:test';
import { UploadQueue } from '../../client/src/queue.js';
import { UploadError } from '../../client/src/upload.js';

const file = (name) => new File(['12345'], name);
const turn = () =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** A queue whose uploads do what the test says, and a clock it moves. */
function start() {
  const running = new Map();
  const clock = { ms: 0 };
  const upload = ({ name }, { onState, signal, unconfirmed }) =>
    new Promise((resolve, reject) => {
      const fail = (code, more = {}) => {
        const error = Object.assign(new UploadError(code, code, { retryable: true }), more);
        onState({ state: 'failed', code, status: 0, retryable: true, requestId: null });
        reject(error);
      };
      const done = () => {
        onState({ state: 'done', result: { id: name } });
        resolve();
      };
      running.set(name, { onState, unconfirmed, fail, done });
      signal.addEventListener('abort', () => fail('aborted'));
      onState({ state: 'signing' });
    });
  const changes = [];
  const queue = new UploadQueue(
    upload,
    ({ file: { name }, now }) => changes.push(`${name} ${now.state}`),
    () => clock.ms,
  );
  return { queue, running, changes, clock };
}

test('sends three files at once and the next when one has ended', async () => {
  const { queue, running } = start();
  for (const name of ['a', 'b', 'c', 'd', 'e']) queue.add(file(name), null);
  assert.deepEqual([...running.keys()], ['a', 'b', 'c']);
  running.get('b').done();
  await turn();
  assert.deepEqual(
    queue.items.map(({ now }) => now.state),
    ['signing', 'done', 'signing', 'signing', 'waiting'],
  );
});

test('a refused file is shown and never sent', () => {
  const { queue, running, changes } = start();
  queue.add(file('a'), { reason: 'too_large' });
  assert.deepEqual([changes, running.size, queue.busy], [['a refused'], 0, false]);
});

test('is busy from the first file to the last', async () => {
  const { queue, running } = start();
  assert.equal(queue.busy, false);
  queue.add(file('a'), null);
  assert.equal(queue.busy, true);
  running.get('a').done();
  await turn();
  assert.equal(queue.busy, false);
});

test('a failure does not hold up the others', async () => {
  const { queue, running } = start();
  for (const name of ['a', 'b', 'c', 'd']) queue.add(file(name), null);
  running.get('a').fail('network');
  await turn();
  assert.equal(running.has('d'), true);
});

test('cancelling aborts a running upload', async () => {
  const { queue } = start();
  const item = queue.add(file('a'), null);
  queue.cancel(item);
  await turn();
  assert.deepEqual([item.now.code, queue.busy], ['aborted', false]);
});

test('cancelling a waiting file keeps it from starting, until it is tried again', async () => {
  const { queue, running } = start();
  for (const name of ['a', 'b', 'c']) queue.add(file(name), null);
  const item = queue.add(file('d'), null);
  queue.cancel(item);
  assert.equal(item.now.code, 'aborted');
  running.get('a').done();
  await turn();
  assert.equal(running.has('d'), false);
  queue.retry(item);
  assert.equal(item.now.state, 'signing');
});

test('a retry hands on the grant that may hold the file', async () => {
  const { queue, running } = start();
  const item = queue.add(file('a'), null);
  running.get('a').fail('not_confirmed', { unconfirmed: { id: 'grant' } });
  await turn();
  assert.equal(item.error.code, 'not_confirmed');
  queue.retry(item);
  assert.deepEqual([running.get('a').unconfirmed, item.error], [{ id: 'grant' }, null]);
});

test('a retry from within the failure waits until that try has ended', async () => {
  const { queue, running } = start();
  const item = queue.add(file('a'), null);
  running.get('a').fail('not_confirmed', { unconfirmed: { id: 'grant' } });
  queue.retry(item);
  assert.equal(item.now.state, 'waiting');
  await turn();
  assert.deepEqual([item.now.state, running.get('a').unconfirmed], ['signing', { id: 'grant' }]);
});

test('only what failed and may succeed is tried again', async () => {
  const { queue, running } = start();
  const item = queue.add(file('a'), null);
  running.get('a').done();
  await turn();
  queue.retry(item);
  assert.equal(item.now.state, 'done');
});

test('a busy file cannot be removed, an ended one can', async () => {
  const { queue, running } = start();
  const item = queue.add(file('a'), null);
  queue.remove(item);
  assert.deepEqual(queue.items, [item]);
  running.get('a').done();
  await turn();
  queue.remove(item);
  assert.deepEqual(queue.items, []);
});

test('measures speed over the last seconds only', () => {
  const { queue, running, clock } = start();
  const item = queue.add(file('a'), null);
  const speeds = [
    [0, 0],
    [100, 50],
    [1000, 1000],
    [4500, 1000],
    [5500, 5000],
  ].map(([ms, loaded]) => {
    clock.ms = ms;
    running.get('a').onState({ state: 'sending', loaded, total: 9000 });
    return item.bytesPerSecond;
  });
  assert.deepEqual(speeds, [null, null, 1000, 0, 4000]);
});

test('an upload that starts over says so', () => {
  const { queue, running } = start();
  const item = queue.add(file('a'), null);
  assert.equal(item.again, false);
  running.get('a').onState({ state: 'sending', loaded: 0, total: 5 });
  running.get('a').onState({ state: 'signing' });
  assert.equal(item.again, true);
});

test('a retry by hand is a first try again', async () => {
  const { queue, running } = start();
  const item = queue.add(file('a'), null);
  running.get('a').onState({ state: 'signing' });
  running.get('a').fail('network');
  await turn();
  assert.equal(item.again, true);
  queue.retry(item);
  assert.deepEqual([item.now.state, item.again], ['signing', false]);
});

test('a retry knows nothing of the speed before it', async () => {
  const { queue, running, clock } = start();
  const item = queue.add(file('a'), null);
  const sending = (ms, loaded) => {
    clock.ms = ms;
    running.get('a').onState({ state: 'sending', loaded, total: 9000 });
  };
  sending(0, 4000);
  running.get('a').fail('network');
  await turn();
  queue.retry(item);
  sending(1000, 50);
  assert.equal(item.bytesPerSecond, null);
});

test('starting over begins a new measurement', () => {
  const { queue, running, clock } = start();
  const item = queue.add(file('a'), null);
  for (const [ms, loaded] of [
    [0, 4000],
    [1000, 0],
    [2000, 500],
  ]) {
    clock.ms = ms;
    running.get('a').onState({ state: 'sending', loaded, total: 9000 });
  }
  assert.equal(item.bytesPerSecond, 500);
});
