import assert from 'node:assert/strict';
import test from 'node:test';
import { TEXTS } from '../../client/src/page/texts/languages.js';
import {
  announcementText,
  extensionText,
  factsIn,
  linksIn,
  pathText,
  pauseAllText,
  problemText,
  progressOf,
  removeText,
  retryText,
  shownState,
  stateText,
  tallyText,
  technicalTexts,
  titleText,
  valueText,
} from '../../client/src/page/wording.js';

const LIMITS = { maxBytes: 4096, slowestBytesPerSecond: null, types: ['image/*'] };
const CONTEXT = { texts: TEXTS.en, limits: LIMITS, offline: false, signingIn: false };
const item = (now, more = {}) => ({
  id: 1,
  file: { id: 'a', name: 'a.png', type: 'image/png', size: 2048, meta: {}, data: 'a' },
  now,
  restarted: false,
  resumed: false,
  isPaused: false,
  loaded: 0,
  unfinished: null,
  bytesPerSecond: null,
  quietMs: 0,
  error: null,
  ...more,
});
const failed = (code, status = 0) => ({ state: 'failed', code, status, retryable: true, requestId: 'r-1' });
const sending = (loaded, total = 2048) => ({ state: 'sending', loaded, total });

test('an image that was made smaller says so', () => {
  const file = { ...item({}).file, size: 634_880, meta: { sizeBefore: 4_299_162 } };
  const done = item({ state: 'done', result: { id: 'x' } }, { file });
  assert.equal(stateText(done, CONTEXT), 'Done · made smaller: 4.1 MB → 620 KB');
  assert.equal(stateText(done, { ...CONTEXT, texts: TEXTS.zh }), '已完成 · 已压缩：4.1 MB → 620 KB');
});

test('a state is described in words', () => {
  const { states } = TEXTS.en;
  for (const [now, more, text] of [
    [{ state: 'waiting' }, {}, states.waiting],
    [{ state: 'signing' }, {}, states.signing],
    [{ state: 'signing' }, { restarted: true }, states.signingAgain],
    [{ state: 'signing' }, { resumed: true }, states.continuing],
    [{ state: 'paused' }, { isPaused: true, loaded: 1024 }, 'Paused · 50% · 1 KB of 2 KB'],
    [sending(1024), { isPaused: true, loaded: 1024 }, 'Paused · 50% · 1 KB of 2 KB'],
    [{ state: 'waiting' }, { isPaused: true }, 'Paused · 0% · 0 B of 2 KB'],
    [{ state: 'confirming' }, { isPaused: true }, states.confirming],
    [{ state: 'checking' }, {}, states.checking],
    [{ state: 'unfinished', problem: null }, { loaded: 512 }, 'Not finished · 25% · 512 B of 2 KB'],
    [sending(0), {}, '0% · 0 B of 2 KB'],
    [sending(2047), {}, '99% · 2 KB of 2 KB'],
    [sending(1024), { bytesPerSecond: 512 }, '50% · 1 KB of 2 KB · 512 B/s · 2 s left'],
    [sending(2048), {}, states.answering],
    [sending(1024), { loaded: 1024, quietMs: 9000 }, `50% · 1 KB of 2 KB · ${states.stalled}`],
    [sending(2048), { quietMs: 9000 }, `${states.answering} · ${states.longer}`],
    [{ state: 'signing' }, { quietMs: 9000 }, `${states.signing} · ${states.longer}`],
    [{ state: 'confirming' }, { quietMs: 7000 }, states.confirming],
    [{ state: 'paused' }, { isPaused: true, loaded: 2048 }, 'Paused · 99% · 2 KB of 2 KB'],
    [sending(0, 0), {}, '0% · 0 B of 0 B'],
    [{ state: 'confirming' }, {}, states.confirming],
    [{ state: 'done', result: { id: 'x' } }, {}, 'Done · 2 KB'],
    [failed('network'), {}, states.failed],
    [failed('aborted'), {}, states.aborted],
    [failed('not_confirmed'), { error: { unconfirmed: { stored: true } } }, states.notConfirmed],
    [failed('not_confirmed'), { error: { unconfirmed: { stored: false } } }, states.notKnown],
    [failed('not_confirmed'), {}, states.notKnown],
    [{ state: 'refused', reason: 'duplicate' }, {}, states.refused],
  ])
    assert.equal(stateText(item(now, more), CONTEXT), text);
});

test('the time left is shown in seconds, minutes or hours', () => {
  for (const [bytesPerSecond, text] of [
    [10, '10 s left'],
    [1, '2 min left'],
    [0.01, '2.8 h left'],
  ])
    assert.match(stateText(item(sending(0, 100), { bytesPerSecond }), CONTEXT), new RegExp(`· ${text}$`));
});

test('an upload that waits for the network or for the user says so, and no other', () => {
  const { states } = TEXTS.en;
  const text = (now, more) => stateText(item(now), { ...CONTEXT, ...more });
  assert.deepEqual(
    [
      text({ state: 'signing' }, { offline: true }),
      text({ state: 'confirming' }, { offline: true }),
      text(sending(1), { offline: true }),
      text(failed('network'), { offline: true }),
      text({ state: 'waiting' }, { offline: true }),
      text({ state: 'signing' }, { offline: true, signingIn: true }),
      text({ state: 'signing' }, { signingIn: true }),
      text({ state: 'confirming' }, { signingIn: true }),
    ],
    [
      ...Array(3).fill(states.offline),
      states.failed,
      states.waiting,
      states.signIn,
      states.signIn,
      states.confirming,
    ],
  );
});

test('what moves is shown as it is, whatever the browser says about the network', () => {
  const offline = { ...CONTEXT, offline: true };
  assert.equal(
    stateText(item(sending(1024), { bytesPerSecond: 512 }), offline),
    '50% · 1 KB of 2 KB · 512 B/s · 2 s left',
  );
  assert.equal(stateText(item(sending(2048)), offline), TEXTS.en.states.answering);
});

test('what was cancelled, and what is not confirmed, is not shown as failed', () => {
  assert.deepEqual(
    [failed('network'), failed('aborted'), failed('not_confirmed'), { state: 'confirming' }].map((now) =>
      shownState(item(now)),
    ),
    ['failed', 'aborted', 'not_confirmed', 'confirming'],
  );
});

test('the bar knows what is sent, is empty while a file waits, and knows nothing more', () => {
  assert.deepEqual(
    [{ state: 'waiting' }, sending(512), sending(2048), sending(0, 0), { state: 'signing' }].map((now) =>
      progressOf(item(now)),
    ),
    [0, 0.25, null, null, null],
  );
  const atRest = [
    [{ state: 'paused' }, { isPaused: true }],
    [{ state: 'unfinished', problem: null }, {}],
    [{ state: 'signing' }, { isPaused: true }],
    [{ state: 'waiting' }, { resumed: true }],
  ];
  for (const [now, more] of atRest)
    assert.equal(progressOf(item(now, { loaded: 512, ...more })), 0.25, now.state);
});

test('the title tells how far all are, and whether they are paused', () => {
  for (const [uploads, text] of [
    [{ share: null, moving: false }, 'Direct upload'],
    [{ share: 0.429, moving: true }, '42% · Direct upload'],
    [{ share: 0.429, moving: false }, '42% · Paused · Direct upload'],
  ])
    assert.equal(titleText(uploads, TEXTS.en), text);
});

test('the button for all is there for several, and goes on with them once all are paused', () => {
  const [moving, paused] = [{ isPaused: false }, { isPaused: true }];
  assert.deepEqual(
    [[], [moving], [moving, paused], [paused, paused]].map((all) => pauseAllText(all, TEXTS.en)),
    ['', '', 'Pause all', 'Continue all'],
  );
});

test('what an earlier visit has left is continued or discarded, and says what it needs', () => {
  const left = (problem) => item({ state: 'unfinished', problem });
  assert.deepEqual(
    [retryText(left(null), TEXTS.en), removeText(left(null), TEXTS.en)],
    ['Continue', 'Discard'],
  );
  assert.equal(removeText(item(failed('network')), TEXTS.en), 'Dismiss');
  assert.deepEqual(
    [null, 'choose_again', 'another_file'].map((problem) => problemText(left(problem), CONTEXT)),
    ['', TEXTS.en.unfinished.choose_again, TEXTS.en.unfinished.another_file],
  );
});

test('a problem is described in a sentence', () => {
  const { refused, codes } = TEXTS.en;
  for (const [now, text] of [
    [failed('network'), codes.network],
    [{ state: 'refused', reason: 'too_large' }, refused.too_large(2048, LIMITS)],
    [{ state: 'refused', reason: 'type_not_allowed' }, refused.type_not_allowed('image/png', LIMITS)],
    [{ state: 'refused', reason: 'duplicate' }, refused.duplicate],
    [{ state: 'refused', reason: 'unconfirmed' }, refused.unconfirmed],
    [{ state: 'waiting' }, ''],
  ])
    assert.equal(problemText(item(now), CONTEXT), text);
});

test('a failure has its codes beside it; a cancelled upload has none', () => {
  const error = { code: 'AccessDenied', message: 'You are not allowed.', ec: '0003-1' };
  assert.deepEqual(technicalTexts(item(failed('AccessDenied', 403), { error })), {
    message: 'You are not allowed.',
    codes: 'AccessDenied · 403 · EC 0003-1',
    requestId: 'r-1',
  });
  assert.deepEqual(
    technicalTexts(item(failed('network'), { error: { code: 'network', message: 'network' } })),
    {
      message: '',
      codes: 'network',
      requestId: 'r-1',
    },
  );
  for (const now of [failed('aborted'), { state: 'waiting' }]) assert.equal(technicalTexts(item(now)), null);
});

test('what may be stored is asked for again, anything else tried again', () => {
  assert.deepEqual(
    [failed('not_confirmed'), failed('network')].map((now) => retryText(item(now), TEXTS.en)),
    [TEXTS.en.askAgain, TEXTS.en.tryAgain],
  );
});

test('a name that would turn its reading direction does not', () => {
  const file = (name, relativePath) => ({ name, meta: { relativePath } });
  assert.deepEqual(
    [file('photo\u202egnp.exe'), file('a.png', 'b/a.png'), file('a.png', null)].map(pathText),
    ['photo\ufffdgnp.exe', 'b/a.png', 'a.png'],
  );
});

test('a short extension is shown', () => {
  assert.deepEqual(
    ['a.png', 'a.TAR.gz', 'a.jpeg2', 'png', 'a.'].map((name) => extensionText({ name })),
    ['PNG', 'GZ', '', '', ''],
  );
});

test('the facts of a reply are those it has, in their order, whatever they are', () => {
  assert.deepEqual(factsIn({ id: 'x', type: null, size: 12345, key: 'uploads/a.png' }), [
    { name: 'key', text: 'uploads/a.png' },
    { name: 'size', text: '12,345 B' },
    { name: 'type', text: 'null' },
  ]);
});

test('a reply that is too long is cut, and one that is too deep is not drawn', () => {
  const deep = [];
  deep.push(deep);
  assert.equal(valueText({ a: 'x'.repeat(100_000) }).length, 100_001);
  assert.equal(valueText(deep), '…');
});

test('the tally counts, and has a pace while something is sent', () => {
  const counts = { done: 1, ended: 1, all: 3 };
  assert.deepEqual(
    [0, 1024].map((bytesPerSecond) =>
      tallyText({ counts, pace: { bytesPerSecond, bytesLeft: 4096 } }, TEXTS.en),
    ),
    ['1 of 3 done', '1 of 3 done · 1 KB/s · 4 s left'],
  );
});

test('one change is announced with its file and its problem, many with their counts', () => {
  const one = (now) => announcementText([item(now)], CONTEXT);
  assert.equal(one({ state: 'done', result: { id: 'x' } }), 'a.png: Done · 2 KB');
  assert.equal(one(failed('network')), `a.png: Failed. ${TEXTS.en.codes.network}`);
  assert.equal(one(failed('aborted')), 'a.png: Cancelled');
  const states = [
    { state: 'done', result: { id: 'x' } },
    failed('network'),
    { state: 'refused', reason: 'duplicate' },
    failed('aborted'),
    failed('not_confirmed'),
  ];
  assert.equal(
    announcementText(
      states.map((now) => item(now)),
      CONTEXT,
    ),
    '1 done, 2 failed or not sent, 2 in other states',
  );
});

test('says that all are uploaded only once they are', () => {
  const pace = { bytesPerSecond: 0, bytesLeft: 0 };
  for (const [done, all, text] of [
    [2, 2, 'All uploaded'],
    [1, 2, '1 of 2 done'],
  ])
    assert.equal(tallyText({ counts: { done, all, ended: all }, pace }, TEXTS.en), text);
});

test('a stored file has a link, and a picture if it is one or OSS has made one', () => {
  const [url, thumb] = ['https://b.test/a?sig', 'http://b.test/small'];
  for (const [result, links] of [
    [{}, { url: null, picture: null }],
    [
      { url, type: 'image/png' },
      { url, picture: url },
    ],
    [
      { url, type: 'text/csv' },
      { url, picture: null },
    ],
    [
      { url, type: 'image/heic', images: { thumb } },
      { url, picture: thumb },
    ],
    [
      { url: 'javascript:alert(1)', type: 'image/png', images: { thumb: 'data:,x' } },
      { url: null, picture: null },
    ],
    [
      { url: { toString: 1 }, type: 7, images: null },
      { url: null, picture: null },
    ],
  ])
    assert.deepEqual(linksIn(result), links);
});
