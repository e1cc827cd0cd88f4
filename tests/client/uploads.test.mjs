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

// ---- Paused

const paused = (loaded) => ({ state: 'paused', loaded, total: 9000 });

test('what is paused does not move, has no speed, and adds nothing to the time left', () => {
  const { uploads, clock } = open();
  for (const id of ['a', 'b']) uploads.onStart(file(id));
  for (const [ms, loaded] of [
    [0, 0],
    [1000, 1000],
  ]) {
    clock.ms = ms;
    for (const id of ['a', 'b']) uploads.onState(file(id), sending(loaded));
  }
  uploads.onPause(file('a'), true);
  assert.deepEqual([uploads.moving, uploads.pace], [true, { bytesPerSecond: 1000, bytesLeft: 8000 }]);
  uploads.onState(file('a'), paused(500));
  uploads.onPauseAll(true);
  assert.deepEqual(
    [uploads.moving, uploads.busy, uploads.pace, uploads.items.map(({ loaded }) => loaded)],
    [false, true, { bytesPerSecond: 0, bytesLeft: 0 }, [500, 1000]],
  );
  uploads.onPauseAll(false);
  assert.equal(uploads.moving, true);
});

test('the time of a pause is not counted as slow, and going on is not starting over', () => {
  const { uploads, clock } = open();
  const at = (ms, state) => {
    clock.ms = ms;
    uploads.onState(file('a'), state);
    return uploads.items[0].bytesPerSecond;
  };
  uploads.onStart(file('a'));
  at(0, sending(0));
  at(1000, sending(4000));
  at(1001, paused(4000));
  at(3000, { state: 'signing' });
  assert.equal(uploads.items[0].restarted, false);
  assert.deepEqual([at(3000, sending(4000)), at(3500, sending(4500))], [null, 1000]);
});

test('what goes on and has no turn yet waits, and keeps what was sent', () => {
  const { uploads } = open();
  uploads.onStart(file('a'));
  uploads.onPause(file('a'), true);
  uploads.onState(file('a'), paused(500));
  uploads.onPause(file('a'), false);
  const [item] = uploads.items;
  assert.deepEqual(
    [item.now.state, item.isPaused, item.loaded, uploads.moving],
    ['waiting', false, 500, true],
  );
  uploads.onState(file('a'), paused(500)); // on its way when the user went on
  assert.equal(item.now.state, 'waiting');
});

test('what has left, and what is confirmed, is not paused, and can still end', () => {
  const { uploads } = open();
  uploads.onStart(file('a'));
  for (const state of [sending(9000), { state: 'confirming' }]) {
    uploads.onState(file('a'), state);
    uploads.onPause(file('a'), true);
    assert.deepEqual([uploads.moving, uploads.pausable], [true, []]);
  }
  uploads.onState(file('a'), { state: 'done', result: { id: '1' } });
  uploads.onPauseAll(true);
  assert.equal(uploads.moving, false);
});

test('a part that fails takes its bytes back, and leaves the speed of the line as it was', () => {
  const { uploads, clock } = open();
  uploads.onStart(file('a'));
  const speeds = [
    [0, 0],
    [1000, 4000],
    [1500, 3000],
    [2000, 5000],
  ].map(([ms, loaded]) => {
    clock.ms = ms;
    uploads.onState(file('a'), sending(loaded));
    return uploads.items[0].bytesPerSecond;
  });
  assert.deepEqual(speeds, [null, 4000, 4000 / 1.5, 3000]);
});

// ---- The share of all

test('the share is of all that has begun since nothing was under way, and does not run backwards', () => {
  const { uploads } = open();
  const shares = [uploads.share];
  const then = (id, state) => {
    uploads.onState(file(id), state);
    shares.push(uploads.share);
  };
  for (const id of ['a', 'b']) uploads.onStart(file(id));
  shares.push(uploads.share);
  then('a', { state: 'signing' });
  then('a', sending(9000));
  then('a', { state: 'confirming' });
  then('b', sending(4500));
  then('a', { state: 'done', result: { id: '1' } });
  then('b', { state: 'signing' });
  then('b', { state: 'done', result: { id: '2' } });
  uploads.onStart(file('c'));
  shares.push(uploads.share);
  assert.deepEqual(shares, [null, 0, 0, 0.5, 0.5, 0.75, 0.75, 0.75, null, 0]);
});

test('what fails no longer counts, and empty files are no share of anything', () => {
  const { uploads } = open();
  for (const id of ['a', 'b']) uploads.onStart(file(id));
  uploads.onStart(file('c', { size: 0 }));
  uploads.onState(file('a'), sending(4500));
  uploads.onState(file('b'), failed());
  assert.equal(uploads.share, 0.5);
  uploads.onState(file('a'), failed());
  assert.equal(uploads.share, 0);
});

// ---- Left by an earlier visit

const facts = { name: 'a.png', size: 9000, lastModified: 7, type: 'image/png' };
const chosenAgain = file('a', { data: { lastModified: 7 } });
const left = (more = {}) => ({ file: facts, loaded: 6000, handle: null, stored: null, ...more });

test('what an earlier visit has left is in the list once, and is neither busy nor counted', () => {
  const { uploads, changes } = open();
  uploads.onUnfinished([left()]);
  uploads.onUnfinished([left()]);
  assert.deepEqual([changes, uploads.busy, uploads.counts.all], [[' unfinished'], false, 0]);
  assert.deepEqual(uploads.items[0].now, { state: 'unfinished', problem: 'choose_again' });
});

test('with its handle the file need not be chosen', () => {
  const { uploads } = open();
  uploads.onUnfinished([left({ handle: {} })]);
  assert.equal(uploads.items[0].now.problem, null);
});

test('the same file, chosen again, goes on in the same row from where it was', () => {
  const { uploads } = open();
  uploads.onUnfinished([left()]);
  const [item] = uploads.items;
  uploads.onStart(chosenAgain);
  assert.deepEqual(
    [uploads.items.length, item.now.state, item.resumed, uploads.share],
    [1, 'waiting', true, 2 / 3],
  );
  assert.equal(uploads.pace.bytesLeft, 3000);
  uploads.onState(chosenAgain, sending(6000));
  assert.deepEqual([item.resumed, item.unfinished], [false, null]);
  uploads.onUnfinished([left()]);
  assert.equal(uploads.items.length, 1, 'it is under way');
});

test('another file of that name begins in a row of its own', () => {
  for (const more of [{ data: { lastModified: 8 } }, { data: { lastModified: 7 }, size: 1 }]) {
    const { uploads } = open();
    uploads.onUnfinished([left()]);
    uploads.onStart(file('a', more));
    assert.deepEqual(
      uploads.items.map(({ now, resumed }) => [now.state, resumed]),
      [
        ['unfinished', false],
        ['waiting', false],
      ],
    );
  }
});

test('what another tab has finished or discarded is no longer offered', () => {
  const { uploads } = open();
  uploads.onUnfinished([left()]);
  const [item] = uploads.items;
  assert.deepEqual([uploads.onUnfinished([]), uploads.items], [[item], []]);
});

test('what cannot go on yet says why, and what goes on already is not disturbed', () => {
  const { uploads } = open();
  uploads.onUnfinished([left()]);
  const [item] = uploads.items;
  uploads.onStillUnfinished(item, 'another_file');
  assert.deepEqual(item.now, { state: 'unfinished', problem: 'another_file' });
  uploads.onStart(chosenAgain);
  uploads.onStillUnfinished(item, 'choose_again');
  assert.equal(item.now.state, 'waiting');
});

for (const [what, earlier] of [
  ['at once', []],
  ['later', [left()]],
])
  test(`what an earlier visit has left and is stored all the same (known ${what}) is done, once`, () => {
    const { uploads } = open();
    uploads.onUnfinished(earlier);
    const result = { id: 'u1' };
    uploads.onUnfinished([left({ stored: result })]);
    assert.deepEqual(uploads.onUnfinished([]), []);
    assert.deepEqual(
      uploads.items.map(({ now, unfinished }) => [now, unfinished]),
      [[{ state: 'done', result }, null]],
    );
  });

test('says once that nothing has changed for eight seconds, and not of what waits, is paused or goes on', () => {
  const { uploads, changes } = open();
  for (const id of ['waiting', 'moving', 'paused', 'quiet']) uploads.onStart(file(id));
  for (const id of ['moving', 'paused', 'quiet']) uploads.onState(file(id), sending(1));
  uploads.onPause(file('paused'), true);
  changes.length = 0;
  for (let second = 1; second <= 20; second += 1) {
    uploads.tick();
    uploads.onState(file('moving'), sending(second));
  }
  assert.deepEqual(
    changes.filter((change) => !change.startsWith('moving')),
    ['quiet sending'],
  );
});

test('a file that is tried again keeps its small picture', () => {
  const { uploads } = open();
  uploads.onStart(file('a', { preview: 'blob:1' }));
  uploads.onState(file('a'), failed());
  uploads.onStart(file('a'));
  assert.equal(uploads.items[0].file.preview, 'blob:1');
});
