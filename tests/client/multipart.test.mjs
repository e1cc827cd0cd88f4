import assert from 'node:assert/strict';
import test from 'node:test';
import { NetworkFault, UploadControl } from '../../client/src/lib/upload.js';
import { problem } from './dialogue.mjs';
import { bytesOf, crcOf, scriptedOss } from './scripted-oss.mjs';

const BYTES = bytesOf(10_000);
const others = (kinds) => kinds.filter((kind) => kind !== 'put');

// ---- The good way

test('a large file is sent in parts, completed, and done with what the callback answered', async () => {
  const oss = scriptedOss();
  const { states, result } = await oss.upload();
  assert.deepEqual(oss.puts(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.deepEqual(others(oss.kinds()), ['uploads', 'parts', 'complete']);
  assert.deepEqual([result.id, result.crc64], ['u1', crcOf(BYTES)]);
  assert.deepEqual(
    [states[0], states[1], states.at(-2), states.at(-1)],
    ['signing', 'sending 0', 'confirming', 'done'],
  );
  assert.deepEqual(oss.objects.get('u1'), BYTES);
});

test('a small file is sent as a form by the same call', async () => {
  const oss = scriptedOss();
  const { result } = await oss.upload({ bytes: bytesOf(2000) });
  assert.deepEqual([result.id, oss.kinds()], ['u1', ['uploads', 'form']]);
});

test('what concerns a ticket is asked without the headers of the caller', async () => {
  const oss = scriptedOss();
  await oss.upload({ headers: { Authorization: 'Bearer x' } });
  assert.deepEqual(
    oss.requests.filter(({ headers }) => headers).map(({ kind, headers }) => [kind, headers]),
    [
      ['uploads', { Authorization: 'Bearer x' }],
      ['parts', {}],
      ['complete', {}],
    ],
  );
});

test('the last part has the rest', async () => {
  const oss = scriptedOss();
  await oss.upload({ bytes: bytesOf(2345) });
  assert.deepEqual(
    oss.requests.filter(({ kind }) => kind === 'put').map(({ bytes }) => bytes),
    [1000, 1000, 345],
  );
});

test('four parts at a time for a file, six for all files of a page', async () => {
  const oss = scriptedOss();
  await oss.upload();
  assert.equal(oss.most.sends, 4);
  const many = [1, 2, 3].map(() => oss.upload({ plain: true }));
  const ends = await oss.clock.play(Promise.all(many));
  assert.deepEqual([oss.most.sends, ends.filter(({ result }) => result).length], [6, 3]);
});

test('forms wait for one of the six too, and are not taken for stalled', async () => {
  const oss = scriptedOss({ putMs: 29_000 });
  const many = Array.from({ length: 9 }, () => oss.upload({ bytes: bytesOf(100), plain: true }));
  const ends = await oss.clock.play(Promise.all(many));
  assert.deepEqual([oss.most.sends, ends.filter(({ result }) => result).length], [6, 9]);
});

test('a form that waited long for its turn is sent under a new grant', async () => {
  const oss = scriptedOss({ putMs: 29_000 });
  const many = Array.from({ length: 14 }, () => oss.upload({ bytes: bytesOf(100), plain: true }));
  const ends = await oss.clock.play(Promise.all(many));
  const forms = oss.requests.filter(({ kind }) => kind === 'form').map(({ id }) => id);
  assert.deepEqual(
    ends.map(({ result }) => result?.id),
    [...forms],
  );
  assert.deepEqual(forms.slice(12), ['u15', 'u16']); // the first twelve waited for 29 s at most
});

test('a user who must sign in for it holds the turns of others up for some seconds only', async () => {
  const oss = scriptedOss({ putMs: 29_000 });
  let asked = 0;
  const headers = () => {
    asked += 1;
    return asked > 18 ? new Promise(() => {}) : {};
  };
  const bytes = bytesOf(100);
  for (let n = 0; n < 18; n += 1) void oss.upload({ bytes, plain: true, headers });
  await oss.clock.play(oss.clock.wait(58_100)); // twelve are stored, six ask for their headers again
  const late = Array.from({ length: 6 }, () => oss.upload({ bytes, plain: true }));
  const ends = await oss.clock.play(Promise.all(late));
  assert.deepEqual([asked > 18, ends.filter(({ result }) => result).length], [true, 6]);
});

test('addresses are asked for twenty at a time, and kept', async () => {
  const oss = scriptedOss();
  await oss.upload({ bytes: bytesOf(30_000) });
  const asked = oss.requests.filter(({ kind }) => kind === 'parts').map(({ numbers }) => numbers.length);
  assert.deepEqual(asked, [20, 10]);
});

test('an address is not used any more at the end of its life', async () => {
  const oss = scriptedOss();
  const { result } = await oss.upload({ at: { half: pauseFor(900_000) } });
  const [first, second, ...more] = oss.requests.filter(({ kind }) => kind === 'parts');
  assert.deepEqual([result.id, first.numbers.length, more], ['u1', 10, []]);
  assert.ok(second.numbers.length < 10);
});

/** Pauses, and goes on after that time. */
const pauseFor =
  (ms) =>
  ({ control, clock }) => {
    control.pause();
    void clock.wait(ms).then(() => control.resume());
  };

// ---- Parts that fail

for (const fault of ['reset', 'lost', '503', 'stall', 'wrong'])
  test(`a part that fails alone (${fault}) is sent again alone, with another address`, async () => {
    const oss = scriptedOss({ faults: { 'put 3': [fault] } });
    const { result } = await oss.upload();
    assert.deepEqual(
      [...oss.puts()].sort((a, b) => a - b),
      [1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10],
    );
    assert.deepEqual(
      oss.requests.filter(({ kind }) => kind === 'parts').map(({ numbers }) => numbers[0]),
      [1, 3],
    );
    assert.equal(result.crc64, crcOf(BYTES));
  });

test('a part without a CRC64 in its answer is believed', async () => {
  const oss = scriptedOss({ faults: { put: Array(10).fill('no crc') } });
  assert.equal((await oss.upload()).result.id, 'u1');
  assert.equal(oss.puts().length, 10);
});

test('progress runs backwards only by what has failed', async () => {
  const oss = scriptedOss({ faults: { 'put 10': ['reset', '503'] } });
  const { states } = await oss.upload();
  const loaded = states.filter((one) => one.startsWith('sending')).map((one) => Number(one.slice(8)));
  const steps = loaded.slice(1).map((bytes, nth) => bytes - loaded[nth]);
  assert.deepEqual(
    steps.filter((step) => step < 0),
    [-500, -500],
  );
  assert.equal(loaded.at(-1), 10_000);
});

test('a part is tried five times, then the upload fails, and the next one goes on with the others', async () => {
  const oss = scriptedOss({ faults: { 'put 10': Array(5).fill('503') } });
  const { error } = await oss.upload();
  assert.deepEqual([error.code, error.retryable], ['unavailable', true]);
  assert.equal(oss.puts().filter((number) => number === 10).length, 5);
  const again = await oss.upload({ unconfirmed: error.unconfirmed });
  assert.equal(again.result.id, 'u1');
  assert.deepEqual(oss.puts().slice(10), [10, 10, 10, 10, 10]);
});

for (const [seconds, end] of [
  [120, undefined],
  [3600, 'network'],
])
  test(`once a part has arrived, a line that is away for ${seconds} s ends in ${end ?? 'success'}`, async () => {
    const oss = scriptedOss();
    let awayUntil = 0;
    const { error } = await oss.upload({
      at: { half: ({ clock }) => (awayUntil = clock.now() + seconds * 1000) },
      transport: lineOf(oss, () => oss.clock.now() < awayUntil),
    });
    assert.equal(error?.code, end);
  });

test('an address that has expired costs neither a try nor a wait', async () => {
  const oss = scriptedOss({ faults: { 'put 9': ['expired'] }, putMs: 50_000 });
  assert.equal((await oss.upload()).result?.id, 'u1');
  const [first, second] = oss.requests.filter(({ number }) => number === 9);
  assert.equal(second.at - first.at, 50_010);
});

test('an address that is refused as soon as it comes is not asked for for ever', async () => {
  const oss = scriptedOss({ faults: { 'put 10': Array(9).fill('expired') } });
  const { error } = await oss.upload();
  assert.deepEqual([error.code, error.ec, error.retryable], ['grant_expired', '0002-00000236', true]);
});

test('fewer parts at a time while they fail, and more again after successes', async () => {
  const widths = [];
  let atOnce = 0;
  const oss = scriptedOss({ faults: { put: Array(10).fill('reset') } });
  const { result } = await oss.upload({
    bytes: bytesOf(40_000),
    transport: undefined,
    ...observed(oss, (delta) => widths.push((atOnce += delta))),
  });
  assert.equal(result.id, 'u1');
  const afterFailures = widths.slice(20, 24);
  assert.ok(Math.max(...afterFailures) < 4, String(afterFailures));
  assert.equal(Math.max(...widths.slice(-40)), 4);
});

/** The transport, with each part's begin and end told. */
function observed({ transport }, tell) {
  return {
    transport: {
      ...transport,
      putPart: async (...request) => {
        tell(1);
        return transport.putPart(...request).finally(() => tell(-1));
      },
    },
  };
}

test('a refusal of a part is final, and the parts that were sent are dropped', async () => {
  const oss = scriptedOss({ faults: { 'put 3': ['denied'] } });
  const { error } = await oss.upload();
  assert.deepEqual([error.code, error.status, error.unconfirmed], ['AccessDenied', 403, null]);
  assert.equal(oss.uploads.get('ticket-u1').state, 'aborted');
});

test('an upload that OSS does not know any more starts over once that is certain', async () => {
  const oss = scriptedOss({ faults: { 'put 3': ['dropped'] } });
  const { result } = await oss.upload();
  assert.deepEqual([result.id, oss.objects.size], ['u2', 1]);
  const asked = others(oss.kinds()).slice(0, 10);
  assert.deepEqual(asked, [
    'uploads',
    'parts',
    ...Array(3).fill(['complete', 'confirm']).flat(),
    'abort',
    'uploads',
  ]);
});

test('where no part gets through, a form is used', async () => {
  const oss = scriptedOss({ faults: { put: Array(99).fill('blocked') } });
  const { result } = await oss.upload();
  assert.equal(result.id, 'u2');
  assert.ok(oss.kinds().includes('form'));
  assert.equal(oss.uploads.get('ticket-u1').state, 'aborted');
});

test('where no part gets through and no form may have the file, the network is what failed', async () => {
  const oss = scriptedOss({ faults: { put: Array(99).fill('blocked') }, formMax: 5000 });
  const { error } = await oss.upload();
  assert.deepEqual([error.code, error.status, error.retryable], ['network', 0, true]);
});

test('no form is used once a byte of a part has left', async () => {
  const oss = scriptedOss({ faults: { put: Array(99).fill('reset') } });
  const { error } = await oss.upload();
  assert.equal(error.code, 'network');
  assert.ok(!oss.kinds().includes('form'));
});

for (const [fault, code] of [
  ['503', 'unavailable'],
  ['reset', 'network'],
  ['crash', 'bad_answer'],
])
  test(`addresses that do not come (${fault}) are asked for again, and end as ${code}`, async () => {
    const some = scriptedOss({ faults: { parts: [fault] } });
    assert.equal((await some.upload()).result.id, 'u1');
    const none = scriptedOss({ faults: { parts: Array(99).fill(fault) } });
    assert.equal((await none.upload()).error.code, code);
  });

test('an upload whose ticket ends starts over, unless it was sent all that time', async () => {
  const paused = scriptedOss({ faults: { parts: [null, 'ended'] } });
  assert.equal((await paused.upload({ bytes: bytesOf(30_000) })).result.id, 'u2');
  const slow = scriptedOss({ faults: { parts: Array(20).fill(null).concat('ended') }, putMs: 50_000 });
  const { error } = await slow.upload({ bytes: bytesOf(500_000), ...lasting(slow, 4000) });
  assert.deepEqual([error.code, error.retryable, error.unconfirmed], ['too_slow', false, null]);
});

/** Grants that live for so many seconds. */
function lasting({ transport }, seconds) {
  return {
    transport: {
      ...transport,
      postJson: async (...request) => {
        const answer = await transport.postJson(...request);
        return { ...answer, body: answer.body.replace('82800', String(seconds)) };
      },
    },
  };
}

test('an upload whose ticket ends after a long pause is not called too slow', async () => {
  const oss = scriptedOss({ faults: { parts: [null, 'ended'] } });
  const { result } = await oss.upload({ at: { half: pauseFor(4_000_000) }, ...lasting(oss, 4000) });
  assert.equal(result?.id, 'u2');
});

test('a ticket that the token function does not accept any more starts over', async () => {
  const oss = scriptedOss({ faults: { parts: ['unverified'] } });
  assert.equal((await oss.upload()).result.id, 'u2');
});

// ---- Completing

for (const fault of ['lost', '203', '503 after', 'crash', 'reset', '503', 'stall', 'changed', 'late'])
  test(`Complete that meets ${fault} ends in one object, and done`, async () => {
    const oss = scriptedOss({ faults: { complete: [fault] } });
    const { result } = await oss.upload();
    assert.deepEqual([result?.id, oss.objects.size, oss.puts().length], ['u1', 1, 10]);
  });

test('parts that OSS does not have are sent again', async () => {
  const oss = scriptedOss();
  const forget = ({ clock: _ }) => oss.uploads.get('ticket-u1').stored.delete(4);
  const { result } = await oss.upload({ at: { confirming: forget } });
  assert.deepEqual([result.id, oss.puts().slice(10)], ['u1', [4]]);
});

test('parts that are never there end the upload, which the next may go on with', async () => {
  const oss = scriptedOss();
  const { error } = await oss.upload({
    transport: undefined,
    ...without(oss, 4),
  });
  assert.deepEqual([error.code, error.retryable, error.unconfirmed.id], ['parts_missing', true, 'u1']);
});

/** OSS loses a part however often it is sent. */
function without({ transport, uploads }, number) {
  return {
    transport: {
      ...transport,
      postJson: (url, ...more) => {
        if (url.endsWith('complete')) uploads.get('ticket-u1').stored.delete(number);
        return transport.postJson(url, ...more);
      },
    },
  };
}

test('what is stored with another CRC64 is corrupted', async () => {
  const oss = scriptedOss();
  const damage = () => oss.uploads.get('ticket-u1').stored.set(4, bytesOf(1000, 9));
  const { error } = await oss.upload({ at: { confirming: damage } });
  assert.deepEqual([error.code, error.status, error.unconfirmed], ['corrupted', 200, null]);
});

test('Complete that never answers leaves it open whether the file is stored', async () => {
  const oss = scriptedOss({ faults: { complete: Array(9).fill('reset'), confirm: Array(99).fill('503') } });
  const { error } = await oss.upload();
  assert.deepEqual([error.code, error.unconfirmed.id], ['not_confirmed', 'u1']);
  const again = await oss.upload({ unconfirmed: error.unconfirmed });
  assert.ok(again);
});

test('Complete has more time than a function, because OSS waits for the callback', async () => {
  const oss = scriptedOss({ faults: { complete: ['stall'] } });
  await oss.upload();
  const [asked, next] = oss.requests.filter(({ kind }) => kind === 'complete' || kind === 'confirm');
  assert.ok(next.at - asked.at >= 30_000, String(next.at - asked.at));
});

test('an outage of minutes while the parts are put together is waited for', async () => {
  const oss = scriptedOss({ faults: { complete: ['reset'], confirm: Array(12).fill('reset') } });
  const begun = oss.clock.now();
  const { result, error } = await oss.upload();
  assert.deepEqual([result?.id, error?.code], ['u1', undefined]);
  assert.ok(oss.clock.now() - begun > 120_000, 'the outage was short');
});

test('an outage of hours while the parts are put together is not', async () => {
  const oss = scriptedOss({ faults: { complete: ['lost'], confirm: Array(999).fill('reset') } });
  const begun = oss.clock.now();
  const { error } = await oss.upload();
  assert.deepEqual([error.code, error.retryable, error.unconfirmed.id], ['not_confirmed', true, 'u1']);
  assert.ok(oss.clock.now() - begun < 900_000, String(oss.clock.now() - begun));
});

// ---- Going on

/** An upload of which only the last part is missing, and the options for one that goes on from a slow disk. */
async function nearlySent(faults) {
  const oss = scriptedOss({ faults: { 'put 10': [...Array(5).fill('503'), ...faults] } });
  const { error } = await oss.upload();
  const read = () => oss.clock.wait(10_000);
  return { oss, again: { unconfirmed: error.unconfirmed, like: { read } } };
}

test('what was sent earlier and not yet compared stays known when the next upload fails', async () => {
  const { oss, again } = await nearlySent(Array(5).fill('503'));
  const { error } = await oss.upload(again);
  assert.deepEqual([error.code, Object.keys(error.unconfirmed.sent).length], ['unavailable', 9]);
});

test('a cancel ends comparing what was sent earlier', async () => {
  const { oss, again } = await nearlySent([]);
  const begun = oss.clock.now();
  const cancelSoon = ({ cancel, clock }) => void clock.wait(25_000).then(cancel);
  const { error } = await oss.upload({ ...again, at: { 'sending 10000': cancelSoon } });
  assert.equal(error.code, 'aborted');
  assert.ok(oss.clock.now() - begun < 60_000, String(oss.clock.now() - begun));
});

test('what takes too long to compare is not sent again', async () => {
  const { oss, again } = await nearlySent([]);
  const before = oss.puts().length;
  const { result } = await oss.upload({ ...again, like: { read: () => oss.clock.wait(20_000) } });
  assert.deepEqual([result?.id, oss.puts().slice(before)], ['u1', [10]]);
});

/** An upload that OSS has completed, though its answers were lost: the grant to go on with. */
async function completedUnknown() {
  const oss = scriptedOss({ faults: { complete: ['lost'], confirm: Array(5).fill('503') } });
  const { error } = await oss.upload();
  assert.equal(error.code, 'not_confirmed');
  return { oss, unconfirmed: error.unconfirmed };
}

test('what was being completed is asked for before the file is read', async () => {
  const { oss, unconfirmed } = await completedUnknown();
  const before = oss.requests.length;
  const kinds = [];
  const read = () => void kinds.push(oss.kinds().slice(before).join());
  const { states, result } = await oss.upload({ unconfirmed, like: { read } });
  assert.deepEqual([result?.id, [...new Set(kinds)]], ['u1', ['confirm']]);
  assert.deepEqual(states, ['signing', 'confirming', 'done']);
});

test('another file in its place is not done with what was being completed', async () => {
  const { oss, unconfirmed } = await completedUnknown();
  const { error } = await oss.upload({ unconfirmed, bytes: bytesOf(10_000, 3) });
  assert.deepEqual([error.code, error.status], ['corrupted', 200]);
});

test('what was being completed and is not stored goes on', async () => {
  const oss = scriptedOss({ faults: { complete: ['503'], confirm: Array(5).fill('503') } });
  const { error } = await oss.upload();
  const before = oss.puts().length;
  const { result } = await oss.upload({ unconfirmed: error.unconfirmed });
  assert.deepEqual([result?.id, oss.puts().length], ['u1', before]);
});

test('a stored file that takes too long to compare is not called corrupted', async () => {
  const { oss, unconfirmed } = await completedUnknown();
  const { result } = await oss.upload({ unconfirmed, like: { read: () => oss.clock.wait(20_000) } });
  assert.equal(result?.id, 'u1');
});

test('a stored file one part of whose checksum is wrong here is read as a whole', async () => {
  const { oss, unconfirmed } = await completedUnknown();
  unconfirmed.sent[5] = '1';
  assert.equal((await oss.upload({ unconfirmed })).result?.id, 'u1');
});

test('a completion of which nobody will ever say what became, because its ticket has ended, starts over', async () => {
  const { oss, unconfirmed } = await completedUnknown();
  await oss.clock.play(oss.clock.wait(90_000_000));
  const transport = { ...oss.transport };
  transport.postJson = async (url, body, ...more) =>
    body.ticket === unconfirmed.ticket
      ? problem(403, 'not_verified')
      : oss.transport.postJson(url, body, ...more);
  const { result } = await oss.upload({ unconfirmed, transport });
  assert.equal(result?.id, 'u2');
});

// ---- Offline

test('parts wait for the line as long as it is away, and that costs no try', async () => {
  const oss = scriptedOss();
  let offlineUntil = 0;
  const { result } = await oss.upload({
    at: { half: ({ clock }) => (offlineUntil = clock.now() + 120_000) },
    online: async (ms, signal) => {
      const leftMs = Math.max(0, offlineUntil - oss.clock.now());
      if (leftMs) await oss.clock.wait(Math.min(ms, leftMs), signal);
      return leftMs <= ms;
    },
    transport: lineOf(oss, () => oss.clock.now() < offlineUntil),
  });
  assert.equal(result?.id, 'u1');
});

/** A transport whose parts get through only while the line is there. */
function lineOf({ transport }, isAway) {
  return {
    ...transport,
    putPart: async (...request) => {
      if (isAway()) throw new NetworkFault('away');
      return transport.putPart(...request);
    },
  };
}

// ---- Pause, and cancel

test('a pause stops the parts, and nothing that has arrived is sent again', async () => {
  const oss = scriptedOss();
  const { states, result } = await oss.upload({ at: { half: pauseFor(3_600_000) } });
  assert.equal(result.id, 'u1');
  assert.ok(states.includes('paused'));
  const sent = oss.puts();
  assert.ok(sent.length > 10 && sent.length <= 14, String(sent));
});

test('a form that is paused is sent again from its beginning', async () => {
  const oss = scriptedOss();
  const { states, result } = await oss.upload({
    bytes: bytesOf(100),
    at: { 'sending 0': pauseFor(3_600_000) },
  });
  assert.deepEqual(states, ['signing', 'sending 0', 'paused', 'signing', 'sending 0', 'sending 100', 'done']);
  assert.equal(result.id, 'u2');
});

test('an upload that is paused before it begins asks for nothing', async () => {
  const oss = scriptedOss();
  const { states } = await oss.upload({
    at: {
      paused: ({ cancel, clock }) => void clock.wait(1000).then(cancel),
    },
    control: Object.assign(new UploadControl(), { paused: true }),
  });
  assert.deepEqual([states, oss.kinds()], [['paused', 'failed aborted 0'], []]);
});

test('a cancel drops the parts at OSS, by a request that outlives the page', async () => {
  const oss = scriptedOss();
  const { error } = await oss.upload({ at: { half: ({ cancel }) => cancel() } });
  assert.deepEqual([error.code, error.name, error.unconfirmed], ['aborted', 'AbortError', null]);
  assert.equal(oss.uploads.get('ticket-u1').state, 'aborted');
  assert.equal(oss.requests.at(-1).keepalive, true);
});

test('a cancel while paused drops them too', async () => {
  const oss = scriptedOss();
  await oss.upload({
    at: { half: ({ control }) => control.pause(), paused: ({ cancel }) => cancel() },
  });
  assert.equal(oss.uploads.get('ticket-u1').state, 'aborted');
});

test('a cancel while it is completed leaves open whether it is stored, and drops nothing', async () => {
  const oss = scriptedOss();
  const { error } = await oss.upload({ at: { confirming: ({ cancel }) => cancel() } });
  assert.deepEqual(
    [error.code, error.unconfirmed.id, oss.kinds().includes('abort')],
    ['aborted', 'u1', false],
  );
  assert.equal((await oss.upload({ unconfirmed: error.unconfirmed })).result.id, 'u1');
});

test('a pause that ends at once, while addresses are asked for, ends no upload', async () => {
  const oss = scriptedOss();
  const control = new UploadControl();
  const transport = { ...oss.transport };
  transport.postJson = async (url, ...more) => {
    const answer = oss.transport.postJson(url, ...more);
    if (url.endsWith('parts') && oss.kinds().filter((kind) => kind === 'parts').length === 1) {
      await oss.clock.wait(5);
      control.pause();
      control.resume();
    }
    return answer;
  };
  const { error } = await oss.upload({ control, transport });
  assert.equal(error, undefined);
});

test('a cancel of an upload that goes on, while it is paused, drops its parts', async () => {
  const { oss, again } = await nearlySent([]);
  const control = new UploadControl();
  control.pause();
  const { error } = await oss.upload({
    unconfirmed: again.unconfirmed,
    control,
    at: { paused: ({ cancel }) => cancel() },
  });
  assert.deepEqual([error.unconfirmed, oss.kinds().at(-1)], [null, 'abort']);
});
