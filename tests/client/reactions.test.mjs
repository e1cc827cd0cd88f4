import assert from 'node:assert/strict';
import test from 'node:test';
import { Announcer, reactionsTo } from '../../client/src/page/reactions.js';

test('the list reacts to a change, and to each change once', () => {
  const none = { announce: false, scrollTo: false, unfold: false };
  for (const [before, now, isOnly, reactions] of [
    [undefined, 'waiting', true, {}],
    ['waiting', 'signing', true, {}],
    ['signing', 'sending', true, {}],
    ['sending', 'confirming', true, { announce: true }],
    ['confirming', 'confirming', true, {}],
    ['sending', 'done', true, { announce: true, unfold: true }],
    ['sending', 'done', false, { announce: true }],
    ['done', 'done', true, {}],
    ['sending', 'failed', true, { announce: true }],
    ['failed', 'failed', true, {}],
    ['sending', 'not_confirmed', true, { announce: true }],
    ['sending', 'aborted', true, { announce: true }],
    [undefined, 'refused', true, { announce: true, scrollTo: true }],
    ['failed', 'refused', true, { announce: true }],
    ['sending', 'paused', true, { announce: true }],
    [undefined, 'unfinished', true, { announce: true, scrollTo: true }],
    ['unfinished', 'unfinished', true, {}],
  ])
    assert.deepEqual(reactionsTo(before, now, isOnly), { ...none, ...reactions }, `${before} to ${now}`);
});

test('what changes within a second is announced at once, each item one time', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const announced = [];
  const announcer = new Announcer((items) => announced.push(items));
  const [a, b] = [{ id: 1 }, { id: 2 }];
  for (const item of [a, b, a]) announcer.add(item);
  t.mock.timers.tick(999);
  assert.deepEqual(announced, []);
  t.mock.timers.tick(1);
  announcer.add(b);
  t.mock.timers.tick(1000);
  assert.deepEqual(announced, [[a, b], [b]]);
});
