import assert from 'node:assert/strict';
import test from 'node:test';
import { Uploads, canRetry } from '../../client/src/page/uploads.js';

const file = (id, more = {}) => ({
  id,
  name: `${id}.png`,
  type: 'image/png',
  size: 9000,
  meta: {},
  data: id,
  ...more,
});
const failed = (code = 'network') => ({ state: 'failed', code, status: 0, retryable: true, requestId: null });
const sending = (loaded) => ({ state: 'sending', loaded, total: 9000 });

/** The list of uploads, what changed in it, and a clock that the test moves. */
function open() {
  const clock = { ms: 0 };
  const changes = [];
  const uploads = new Uploads(
    ({ file: { id }, now }) => changes.push(`${id} ${now.state}`),
    () => clock.ms,
  );
  return { uploads, changes, clock };
}

test('tells every state of every file', () => {
  const { uploads, changes } = open();
  uploads.onStart(file('a'));
  uploads.onStart(file('b'));
  uploads.onState(file('a'), { state: 'signing' });
  uploads.onState(file('a'), { state: 'done', result: { id: '1' } });
  assert.deepEqual(changes, ['a waiting', 'b waiting', 'a signing', 'a done']);
});

test('is busy from the first file to the last', () => {
  const { uploads } = open();
  const busy = [uploads.busy];
  for (const id of ['a', 'b']) uploads.onStart(file(id));
  busy.push(uploads.busy);
  uploads.onState(file('a'), { state: 'done', result: { id: '1' } });
  busy.push(uploads.busy);
  uploads.onState(file('b'), failed());
  assert.deepEqual([...busy, uploads.busy], [false, true, true, false]);
});

test('a refused file is shown and keeps nobody on the page', () => {
  const { uploads } = open();
  uploads.onRefused(file('a'), 'too_large');
  const [item] = uploads.items;
  assert.deepEqual([item.now, uploads.busy], [{ state: 'refused', reason: 'too_large' }, false]);
});

test('a file refused twice is shown twice', () => {
  const { uploads } = open();
  for (const reason of ['too_large', 'type_not_allowed']) uploads.onRefused(file('a'), reason);
  assert.equal(uploads.items.length, 2);
});

test('what failed and is refused when it is tried again is refused in its own place', () => {
  const { uploads } = open();
  uploads.onStart(file('a'));
  uploads.onState(file('a'), failed());
  uploads.onRefused(file('a'), 'too_large');
  assert.deepEqual(
    uploads.items.map(({ now }) => now),
    [{ state: 'refused', reason: 'too_large' }],
  );
});

test('what may be stored, or another file of its name, is not taken for the one that is refused', () => {
  for (const [error, data] of [
    [{ unconfirmed: true }, 'a'],
    [{ unconfirmed: false }, 'b'],
  ]) {
    const { uploads } = open();
    uploads.onStart(file('a'));
    uploads.onState(file('a'), failed());
    uploads.onError(file('a'), error);
    uploads.onRefused(file('a', { data }), 'too_large');
    assert.deepEqual(
      uploads.items.map(({ now }) => now.state),
      ['failed', 'refused'],
    );
  }
});

test('a failure is explained by the error that comes after it', () => {
  const { uploads, changes } = open();
  const error = new Error('reset');
  uploads.onStart(file('a'));
  uploads.onState(file('a'), failed());
  uploads.onError(file('a'), error);
  assert.equal(uploads.items[0].error, error);
  assert.equal(changes.length, 3);
});

test('what failed is tried again in its own place, without what it was', () => {
  const { uploads } = open();
  for (const id of ['a', 'b']) uploads.onStart(file(id));
  uploads.onState(file('a'), { state: 'signing' });
  uploads.onState(file('a'), { state: 'signing' });
  uploads.onState(file('a'), failed());
  uploads.onError(file('a'), new Error('reset'));
  uploads.onStart(file('a'));
  const [{ now, restarted, error }] = uploads.items;
  assert.deepEqual([now.state, restarted, error, uploads.items.length], ['waiting', false, null, 2]);
});

test('what is done and uploaded once more has a new place', () => {
  const { uploads } = open();
  uploads.onStart(file('a'));
  uploads.onState(file('a'), { state: 'done', result: { id: '1' } });
  uploads.onStart(file('a'));
  uploads.onState(file('a'), { state: 'done', result: { id: '2' } });
  assert.deepEqual(
    uploads.items.map(({ now }) => now.result.id),
    ['1', '2'],
  );
});

test('a file that Uppy let go of in mid-upload was cancelled', () => {
  const { uploads } = open();
  uploads.onStart(file('a'));
  uploads.onRemoved(file('a'));
  const [item] = uploads.items;
  assert.deepEqual([item.now.code, uploads.busy], ['aborted', false]);
});

test('a file that Uppy let go of after its end stays what it was', () => {
  const { uploads } = open();
  uploads.onStart(file('a'));
  uploads.onState(file('a'), { state: 'done', result: { id: '1' } });
  uploads.onRemoved(file('a'));
  assert.equal(uploads.items[0].now.state, 'done');
});

test('the news of an upload that was cancelled come too late', () => {
  const { uploads } = open();
  uploads.onStart(file('a'));
  uploads.onRemoved(file('a'));
  uploads.onState(file('a'), sending(100));
  assert.equal(uploads.items[0].now.code, 'aborted');
});

test('a file that never began is nobody', () => {
  const { uploads, changes } = open();
  uploads.onState(file('a'), sending(1));
  uploads.onError(file('a'), new Error());
  uploads.onRemoved(file('a'));
  assert.deepEqual([uploads.items, changes], [[], []]);
});

test('hides what has ended, and nothing else', () => {
  const { uploads } = open();
  for (const id of ['a', 'b']) uploads.onStart(file(id));
  uploads.onState(file('a'), failed());
  const [ended, busy] = uploads.items;
  uploads.remove(ended);
  uploads.remove(busy);
  assert.deepEqual(uploads.items, [busy]);
  uploads.onStart(file('a'));
  assert.equal(uploads.items.length, 2);
});

test('a row that is removed leaves the newer upload of the same file as it is', () => {
  const { uploads } = open();
  uploads.onStart(file('a'));
  uploads.onState(file('a'), { state: 'done', result: { id: '1' } });
  uploads.onStart(file('a'));
  const [old, newer] = uploads.items;
  assert.equal(uploads.remove(old), true);
  uploads.onState(file('a'), sending(100));
  assert.deepEqual(newer.now, sending(100));
  assert.equal(uploads.remove(newer), false);
  uploads.onState(file('a'), failed());
  assert.deepEqual([uploads.remove(newer), uploads.items], [true, []]);
});

test('counts what is done, and what has ended in any way', () => {
  const { uploads } = open();
  for (const id of ['a', 'b', 'c', 'd']) uploads.onStart(file(id));
  uploads.onState(file('a'), { state: 'done', result: { id: '1' } });
  uploads.onState(file('b'), failed());
  uploads.onRemoved(file('c'));
  uploads.onRefused(file('e'), 'too_large');
  assert.deepEqual(uploads.counts, { done: 1, ended: 4, all: 5 });
});

test('only a failure that may not last can be tried again', () => {
  const states = [failed(), { ...failed(), retryable: false }, { state: 'waiting' }, { state: 'refused' }];
  assert.deepEqual(
    states.map((now) => canRetry({ now })),
    [true, false, false, false],
  );
});

test('an upload that starts over by itself says so', () => {
  const { uploads } = open();
  uploads.onStart(file('a'));
  uploads.onState(file('a'), { state: 'signing' });
  const [item] = uploads.items;
  assert.equal(item.restarted, false);
  uploads.onState(file('a'), sending(0));
  uploads.onState(file('a'), { state: 'signing' });
  assert.equal(item.restarted, true);
});

test('measures the speed over the last seconds only', () => {
  const { uploads, clock } = open();
  uploads.onStart(file('a'));
  const speeds = [
    [0, 0],
    [100, 50],
    [1000, 1000],
    [4500, 1000],
    [5500, 5000],
  ].map(([ms, loaded]) => {
    clock.ms = ms;
    uploads.onState(file('a'), sending(loaded));
    return uploads.items[0].bytesPerSecond;
  });
  assert.deepEqual(speeds, [null, null, 1000, 0, 4000]);
});

test('starting over, and trying again, begin a new measurement', () => {
  const { uploads, clock } = open();
  const at = (ms, loaded) => {
    clock.ms = ms;
    uploads.onState(file('a'), sending(loaded));
    return uploads.items[0].bytesPerSecond;
  };
  uploads.onStart(file('a'));
  assert.deepEqual([at(0, 4000), at(1000, 0), at(2000, 500)], [null, null, 500]);
  uploads.onState(file('a'), failed());
  uploads.onStart(file('a'));
  assert.equal(at(2500, 1000), null);
});

test('what moves no more has no speed', () => {
  const { uploads, clock, changes } = open();
  uploads.onStart(file('a'));
  for (const [ms, loaded] of [
    [0, 100],
    [1000, 1100],
  ]) {
    clock.ms = ms;
    uploads.onState(file('a'), sending(loaded));
  }
  clock.ms = 4000;
  uploads.tick();
  assert.equal(uploads.items[0].bytesPerSecond, 1000);
  clock.ms = 5000;
  uploads.tick();
  uploads.tick();
  assert.equal(uploads.items[0].bytesPerSecond, null);
  assert.equal(changes.length, 4, 'reported once');
});

test('knows how fast all of them go and how much is left, of those that wait as well', () => {
  const { uploads, clock } = open();
  for (const id of ['a', 'b', 'c', 'd']) uploads.onStart(file(id));
  for (const [ms, loaded] of [
    [0, 0],
    [1000, 1000],
  ]) {
    clock.ms = ms;
    for (const id of ['a', 'b']) uploads.onState(file(id), sending(loaded));
  }
  uploads.onState(file('d'), { state: 'done', result: { id: '1' } });
  assert.deepEqual(uploads.pace, { bytesPerSecond: 2000, bytesLeft: 2 * 8000 + 9000 });
});

test('a file chosen anew may be stored while its row is not confirmed, and only then', () => {
  const { uploads } = open();
  const anew = file('a', { data: 'read once more' });
  const answers = [uploads.mayBeStored(anew)];
  uploads.onStart(file('a'));
  uploads.onState(file('a'), failed('not_confirmed'));
  answers.push(uploads.mayBeStored(anew));
  uploads.onError(file('a'), Object.assign(new Error(), { unconfirmed: { id: 'g' } }));
  answers.push(uploads.mayBeStored(anew), uploads.mayBeStored(file('a')));
  uploads.remove(uploads.items[0]);
  answers.push(uploads.mayBeStored(anew));
  assert.deepEqual(answers, [false, false, true, false, false]);
});
