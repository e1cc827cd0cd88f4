import assert from 'node:assert/strict';
import test from 'node:test';
import { Paced } from '../../client/src/page/paced.js';

test('a thousand changes in a second are drawn at once and ten times, the last of them too', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let changes = 0;
  const drawn = [];
  const paced = new Paced(() => drawn.push(changes));
  for (let ms = 0; ms < 1000; ms += 1) {
    changes += 1;
    paced.want();
    t.mock.timers.tick(1);
  }
  t.mock.timers.tick(1000);
  assert.equal(drawn[0], 1);
  assert.equal(drawn.at(-1), 1000);
  assert.ok(drawn.length <= 12, `${drawn.length} times`);
  paced.want();
  assert.equal(drawn.length, new Set(drawn).size + 1); // idle again: at once
});
