import assert from 'node:assert/strict';
import test from 'node:test';
import { UploadControl, UploadError, browserTransport, uploadFile } from '../../client/src/lib/upload.js';
import {
  Clock,
  PHOTO,
  START_MS,
  WHOLE,
  answerLost,
  callbackFailed,
  cancelled,
  dialogue,
  done,
  grant,
  granted,
  policyExpired,
  problem,
  readBy,
  unreachable,
} from './dialogue.mjs';

// ---- The good way

test('asks for a grant, sends the form, and is done with what the callback answered', async () => {
  const { states, result, requests } = await dialogue([
    ['token', grant('a')],
    ['oss a', done('a')],
  ]);
  assert.deepEqual(states, [...WHOLE, 'done']);
  assert.deepEqual(result, { Status: 'OK', id: 'a', key: 'uploads/a.jpg', size: 5 });
  assert.equal(requests[1].file, PHOTO);
});

test('takes a grant that was asked for ahead, for the first try only', async () => {
  const { result } = await dialogue(
    [
      ['oss a', policyExpired()],
      ['token', grant('b')],
      ['oss b', done('b')],
    ],
    { grant: Promise.resolve({ ...JSON.parse(grant('a').body), until: START_MS + 300_000 }) },
  );
  assert.equal(result.id, 'b');
});

test('asks for a grant where none came ahead', async () => {
  const { result } = await dialogue(
    [
      ['token', grant('a')],
      ['oss a', done('a')],
    ],
    { grant: Promise.resolve(null) },
  );
  assert.equal(result.id, 'a');
});

test('a grant that does not come does not hold up a cancel', async () => {
  const controller = new AbortController();
  const upload = uploadFile(PHOTO, {
    tokenUrl: 'https://token.test/',
    grant: new Promise(() => {}),
    onState: () => queueMicrotask(() => controller.abort()),
    signal: controller.signal,
  });
  await assert.rejects(upload, { name: 'AbortError', code: 'aborted' });
});

test('sends the fields in the order of the grant', async () => {
  const { requests } = await dialogue([
    ['token', grant('a')],
    ['oss a', done('a')],
  ]);
  assert.deepEqual(Object.keys(requests[1].fields), ['key', 'policy', 'x-oss-signature']);
});

test("gives the caller's headers to the token function only", async () => {
  const { requests } = await dialogue(
    [
      ['token', grant('a')],
      ['oss a', callbackFailed()],
      ['confirm a', done('a')],
    ],
    { headers: { Authorization: 'Bearer x' } },
  );
  assert.deepEqual(
    requests.map(({ headers }) => headers),
    [{ Authorization: 'Bearer x' }, undefined, {}],
  );
});

for (const [what, headers] of [
  ['headers that are undefined', undefined],
  ['a function that has no headers', () => undefined],
])
  test(`${what} are none`, async () => {
    const { requests } = await dialogue(
      [
        ['token', grant('a')],
        ['oss a', done('a')],
      ],
      { headers },
    );
    assert.deepEqual(requests[0].headers, {});
  });

test('asks for new headers when a token has expired', async () => {
  let calls = 0;
  const headers = async () => ({ Authorization: `Bearer ${(calls += 1)}` });
  const { result, requests } = await dialogue(
    [
      ['token', problem(401, 'token_expired')],
      ['token', grant('a')],
      ['oss a', done('a')],
    ],
    { headers },
  );
  assert.equal(result.id, 'a');
  assert.equal(requests[1].headers.Authorization, 'Bearer 2');
});

test('tells an async function for headers which file it is for, and what the last try failed with', async () => {
  const asked = [];
  const headers = async (file, after) => {
    asked.push([file.name, after?.code]);
    return {};
  };
  await dialogue(
    [
      ['token', problem(401, 'token_expired')],
      ['token', grant('a')],
      ['oss a', unreachable()],
      ['token', grant('b')],
      ['oss b', done('b')],
    ],
    { headers },
  );
  assert.deepEqual(asked, [
    ['photo.jpg', undefined],
    ['photo.jpg', 'token_expired'],
    ['photo.jpg', 'network'],
  ]);
});

test('an async function for headers may take its time: somebody may have to sign in again', async () => {
  const limits = [];
  const controller = new AbortController();
  const upload = uploadFile(PHOTO, {
    tokenUrl: 'https://token.test/',
    headers: () => new Promise(() => {}),
    wait: async (ms) => limits.push(ms),
    online: async () => true,
    signal: controller.signal,
  });
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  assert.deepEqual(limits, []);
  controller.abort();
  await assert.rejects(upload, { code: 'aborted' });
});

test('an async function for headers that fails while the machine is offline is called again', async () => {
  const asked = [];
  const headers = async (_, after) => {
    asked.push(after?.code);
    if (asked.length < 3) throw new TypeError('Failed to fetch');
    return {};
  };
  const { states } = await dialogue(
    [
      ['token', grant('a')],
      ['oss a', done('a')],
    ],
    { headers, offline: [0, 60] },
  );
  assert.deepEqual(states, [...WHOLE, 'done']);
  assert.deepEqual(asked, [undefined, 'unexpected', 'unexpected']);
});

test('an async function for headers that fails ends the upload, and nothing is asked', async () => {
  const headers = () => Promise.reject(new Error('the sign-in window was closed'));
  const upload = uploadFile(PHOTO, { tokenUrl: 'https://token.test/', transport: {}, headers });
  await assert.rejects(upload, {
    code: 'unexpected',
    message: 'the sign-in window was closed',
    retryable: false,
  });
});

for (const [code, headers] of [
  ['token_expired', { Authorization: 'Bearer x' }],
  ['token_invalid', async () => ({ Authorization: 'Bearer x' })],
  ['token_missing', async () => ({})],
]) {
  test(`does not repeat ${code} where ${typeof headers === 'function' ? 'it would stay' : 'headers cannot change'}`, async () => {
    const { error } = await dialogue([['token', problem(401, code)]], { headers });
    assert.deepEqual([error.code, error.status, error.retryable], [code, 401, false]);
  });
}

test('asks an async function for headers anew before each grant', async () => {
  let calls = 0;
  const headers = async () => ({ Authorization: `Bearer ${(calls += 1)}` });
  const { requests } = await dialogue(
    [
      ['token', problem(503, 'unavailable')],
      ['token', grant('a')],
      ['oss a', done('a')],
    ],
    { headers },
  );
  assert.deepEqual(
    requests.slice(0, 2).map((request) => request.headers.Authorization),
    ['Bearer 1', 'Bearer 2'],
  );
});

test('asks for an odd name as it is', async () => {
  const file = new File([''], '图片 (1) é🙂+&.png', { type: 'image/png' });
  const { requests } = await dialogue(
    [
      ['token', grant('a')],
      ['oss a', done('a')],
    ],
    { file },
  );
  assert.deepEqual(requests[0].body, {
    files: [{ name: '图片 (1) é🙂+&.png', size: 0, type: 'image/png', multipart: true }],
  });
});

test('asks for the type that the browser says, without parameters, even for none', async () => {
  for (const [type, asked] of [
    ['', ''],
    ['application/x-zip-compressed', 'application/x-zip-compressed'],
    ['video/webm;codecs=vp9', 'video/webm'],
    ['text/plain; charset=utf-8; format=flowed', 'text/plain'],
    ['text/plain ; charset=utf-8', 'text/plain'],
    [';charset=utf-8', ''],
  ]) {
    const { requests } = await dialogue(
      [
        ['token', grant('a')],
        ['oss a', done('a')],
      ],
      { file: new File(['12345'], 'x', { type }) },
    );
    assert.equal(requests[0].body.files[0].type, asked);
  }
});

test('counts the bytes of the file, not those of the form around it', async () => {
  const trickle = async ({ send, clock }) => {
    for (const bytes of [-100, -1, 0, 3, 5]) {
      send(bytes);
      await clock.wait(100);
    }
    return done('a');
  };
  const { states } = await dialogue([
    ['token', grant('a')],
    ['oss a', trickle],
  ]);
  assert.deepEqual(states.slice(2, -1), [
    'sending 0/5',
    'sending 0/5',
    'sending 0/5',
    'sending 3/5',
    'sending 5/5',
  ]);
});

test('progress is reported ten times a second at most, and at the end', async () => {
  const file = new File([new Uint8Array(25_000)], 'large.png', { type: 'image/png' });
  const reportedAt = [];
  let clock;
  const often = async (asked) => {
    clock = asked.clock;
    for (let sent = 1; sent <= 25_000; sent += 1) {
      asked.send(sent);
      if (sent % 10 === 0) await clock.wait(1); // 25,000 events in 2.5 seconds
    }
    return done('a');
  };
  const loaded = [];
  await dialogue(
    [
      ['token', grant('a')],
      ['oss a', often],
    ],
    {
      file,
      onState: (state) => {
        if (state.state !== 'sending' || !clock) return;
        loaded.push(state.loaded);
        reportedAt.push(clock.now());
      },
    },
  );
  assert.deepEqual([loaded[0], loaded.at(-1), loaded.length], [1, 25_000, 26]);
  const inBetween = reportedAt.slice(0, -1);
  assert.ok(inBetween.every((at, nth) => nth === 0 || at - inBetween[nth - 1] >= 100));
});

test('progress that is not reported still renews the time limit', async () => {
  const often = async ({ send, clock }) => {
    for (let passed = 0; passed < 90; passed += 1) {
      send(1);
      send(2);
      await clock.wait(1000);
    }
    return done('a');
  };
  const { result } = await dialogue([
    ['token', grant('a')],
    ['oss a', often],
  ]);
  assert.equal(result.id, 'a');
});

test('a long upload makes no timer for each report of progress', async () => {
  const clock = new Clock();
  let waits = 0;
  const transport = {
    postJson: async () => granted(grant('a')),
    postForm: async (_url, _fields, file, onProgress) => {
      for (let sent = 1; sent <= 25_000; sent += 1) onProgress(sent, 25_000);
      return done('a');
    },
  };
  await uploadFile(PHOTO, {
    tokenUrl: 'https://token.test/',
    transport,
    now: clock.now,
    online: async () => true,
    wait: (ms, signal) => {
      waits += 1;
      return clock.wait(ms, signal);
    },
  });
  assert.equal(waits, 4); // the time limits of the grant, of the form, and of reading the file, then one byte of it
});

// ---- A file that changes

/** A file of the disk, which browsers refuse to read once it has changed. */
function changing(error) {
  const file = new File(['12345'], 'photo.jpg', { type: 'image/jpeg' });
  let changed = false;
  const read = async () => {
    if (changed) throw error;
    return new ArrayBuffer(1);
  };
  Object.assign(file, readBy(read));
  return [file, () => (changed = true)];
}

for (const [what, script] of [
  [
    'answered',
    (change) => [['oss a', async ({ send, clock }) => (await clock.wait(1), change(), send(5), done('a'))]],
  ],
  [
    'confirmed',
    (change) => [
      ['oss a', ({ send }) => (change(), send(5), callbackFailed())],
      ['confirm a', done('a')],
    ],
  ],
])
  test(`a file that changed while it was sent is unreadable when it is ${what}, and not sent again`, async () => {
    // Chromium's error for it, and WebKit's, which is also that of a file that is gone
    for (const name of ['NotReadableError', 'NotFoundError']) {
      const [file, change] = changing(new DOMException('A file was changed.', name));
      const { error } = await dialogue([['token', grant('a')], ...script(change)], { file });
      assert.deepEqual(
        [error.code, error.status, error.retryable, error.unconfirmed],
        ['unreadable', 200, false, null],
      );
    }
  });

test('a file that changed is not called done when its earlier upload is asked for', async () => {
  const [file, change] = changing(new DOMException('A file was changed.', 'NotReadableError'));
  change();
  const { error } = await dialogue([['confirm a', done('a')]], {
    file,
    unconfirmed: JSON.parse(grant('a').body),
  });
  assert.deepEqual([error.code, error.status, error.unconfirmed], ['unreadable', 200, null]);
});

test('a cancel while the stored file is read again leaves it known as stored', async () => {
  const file = new File(['12345'], 'photo.jpg', { type: 'image/jpeg' });
  const controller = new AbortController();
  let reads = 0;
  const read = async () => {
    reads += 1;
    if (reads === 1) return new ArrayBuffer(1);
    controller.abort();
    return new Promise(() => {});
  };
  Object.assign(file, readBy(read));
  const first = await dialogue(
    [
      ['token', grant('a')],
      ['oss a', done('a')],
    ],
    { file, signal: controller.signal },
  );
  assert.deepEqual(
    [first.error.code, first.error.unconfirmed],
    ['aborted', { ...JSON.parse(grant('a').body), until: START_MS + 300_000, stored: true }],
  );
  const again = await dialogue([['confirm a', done('a')]], { unconfirmed: first.error.unconfirmed });
  assert.equal(again.result.id, 'a');
});

test('a file without a type and methods, as apps have, is asked for without one, and as a form', async () => {
  const { requests } = await dialogue(
    [
      ['token', grant('a')],
      ['oss a', done('a')],
    ],
    { file: { name: 'a.jpg', size: 5 } },
  );
  assert.deepEqual(requests[0].body, { files: [{ name: 'a.jpg', size: 5, type: '' }] });
});

test('what reading fails with tells a change from what an app cannot do', async () => {
  const [file, change] = changing(new Error('not implemented'));
  change();
  const { result } = await dialogue(
    [
      ['token', grant('a')],
      ['oss a', done('a')],
    ],
    { file },
  );
  assert.equal(result.id, 'a');
});

test('a file that was changed before it was sent is unreadable, and nothing is stored', async () => {
  const [file, change] = changing(new DOMException('A file was changed.', 'NotReadableError'));
  change();
  const { error } = await dialogue(
    [
      ['token', grant('a')],
      ['oss a', unreachable()],
    ],
    { file },
  );
  assert.deepEqual([error.code, error.status, error.retryable], ['unreadable', 0, false]);
});

test('a disk that never says whether it can be read does not hold up what is stored', async () => {
  const file = new File(['12345'], 'photo.jpg', { type: 'image/jpeg' });
  Object.assign(
    file,
    readBy(() => new Promise(() => {})),
  );
  const { result } = await dialogue(
    [
      ['token', grant('a')],
      ['oss a', done('a')],
    ],
    { file },
  );
  assert.equal(result.id, 'a');
});

for (const [what, methods] of [
  ['without slice', { slice: undefined }],
  ['whose slices cannot be read', { slice: () => ({}) }],
])
  test(`a file ${what}, as apps have, is tried again after a network fault`, async () => {
    const file = Object.assign(new File(['12345'], 'photo.jpg', { type: 'image/jpeg' }), methods);
    const { result } = await dialogue(
      [
        ['token', grant('a')],
        ['oss a', unreachable()],
        ['token', grant('b')],
        ['oss b', done('b')],
      ],
      { file },
    );
    assert.equal(result.id, 'b');
  });

// ---- Cancelling

for (const [when, script, states] of [
  ['signing', [['token', cancelled()]], ['signing']],
  [
    'sending',
    [
      ['token', grant('a')],
      ['oss a', cancelled(2)],
    ],
    ['signing', 'sending 0/5', 'sending 2/5'],
  ],
  [
    'waiting for the answer',
    [
      ['token', grant('a')],
      ['oss a', cancelled(5)],
    ],
    WHOLE,
  ],
  [
    'confirming',
    [
      ['token', grant('a')],
      ['oss a', callbackFailed()],
      ['confirm a', cancelled()],
    ],
    [...WHOLE, 'confirming'],
  ],
]) {
  test(`cancelled while ${when}: an AbortError, and nothing more is asked`, async () => {
    const { states: reported, error, tookMs } = await dialogue(script);
    assert.equal(tookMs, 0);
    assert.deepEqual(reported, [...states, 'failed aborted 0 retryable']);
    assert.deepEqual([error instanceof UploadError, error.name, error.code], [true, 'AbortError', 'aborted']);
  });
}

test('cancelled in a pause between two tries', async () => {
  const { states } = await dialogue([['token', problem(503, 'unavailable')]], { cancelAt: 'pause' });
  assert.deepEqual(states, ['signing', 'signing', 'failed aborted 0 retryable']);
});

test('cancelled in a pause before confirming', async () => {
  const { states, error } = await dialogue(
    [
      ['token', grant('a')],
      ['oss a', answerLost()],
    ],
    { cancelAt: 'pause' },
  );
  assert.deepEqual(states, [...WHOLE, 'confirming', 'failed aborted 0 retryable']);
  assert.equal(error.unconfirmed.id, 'a');
});

test('cancelled after the last byte: the next try asks before it sends', async () => {
  const { error } = await dialogue([
    ['token', grant('a')],
    ['oss a', cancelled(5)],
  ]);
  assert.equal(error.unconfirmed.id, 'a');
});

test('cancelled before the first byte: nothing can be stored', async () => {
  const { error } = await dialogue([
    ['token', grant('a')],
    ['oss a', cancelled()],
  ]);
  assert.equal(error.unconfirmed, null);
});

test('cancelled after a byte: the last may be on its way, so the file may be stored', async () => {
  const { error } = await dialogue([
    ['token', grant('a')],
    ['oss a', cancelled(4)],
  ]);
  assert.equal(error.unconfirmed?.id, 'a');
});

for (const [what, answer, more, id] of [
  ['stored all the same is not sent again', done('a'), [], 'a'],
  [
    'not stored is sent again',
    problem(409, 'not_stored'),
    [
      ['token', grant('b')],
      ['oss b', done('b')],
    ],
    'b',
  ],
])
  test(`a form that was paused in its last moment and is ${what}`, async () => {
    const control = new UploadControl();
    const pause = ({ send }) => {
      send(4);
      control.pause();
      queueMicrotask(() => control.resume());
      return new Promise(() => {});
    };
    const script = [['token', grant('a')], ['oss a', pause], ['confirm a', answer], ...more];
    assert.equal((await dialogue(script, { control })).result.id, id);
  });

// ---- The caller's own faults

test("a fault in the caller's own code ends as unexpected, not as silence", async () => {
  const headers = () => {
    throw new TypeError('no session');
  };
  await assert.rejects(
    uploadFile(PHOTO, {
      tokenUrl: 'https://token.test/',
      headers,
      transport: browserTransport,
      online: async () => true,
    }),
    { name: 'UploadError', code: 'unexpected', message: 'no session', retryable: false },
  );
});

/** What reaches the window's `error` event from `onState`. */
function uncaught(t) {
  const errors = [];
  t.mock.method(globalThis, 'queueMicrotask', (task) => {
    try {
      task();
    } catch (error) {
      errors.push(error);
    }
  });
  return errors;
}

/** An `onState` that cannot draw this state. */
const stumbleAt = (bad) => (state) => {
  if (state.state === bad) throw new TypeError(`cannot draw ${bad}`);
};

for (const bad of ['signing', 'sending', 'confirming', 'done']) {
  test(`an onState that throws at ${bad} does not keep the file from being done`, async (t) => {
    const errors = uncaught(t);
    const { result } = await dialogue(
      [
        ['token', grant('a')],
        ['oss a', callbackFailed()],
        ['confirm a', done('a')],
      ],
      { onState: stumbleAt(bad) },
    );
    assert.equal(result.id, 'a');
    assert.deepEqual(new Set(errors.map(({ message }) => message)), new Set([`cannot draw ${bad}`]));
  });
}

test('an onState that throws at failed leaves the failure as it is', async (t) => {
  const errors = uncaught(t);
  const { error } = await dialogue([['token', problem(413, 'too_large')]], { onState: stumbleAt('failed') });
  assert.deepEqual([error instanceof UploadError, error.code, error.status], [true, 'too_large', 413]);
  assert.deepEqual(errors, [new TypeError('cannot draw failed')]);
});

// ---- What is stored, compared with the file

const HELLO_CRC = '11177612005948864433'; // of "hello"
const ZEROS_CRC = '10893614715996491538'; // of 2,500,000 zero bytes, by fastcrc
const MANY_ZEROS_CRC = '3840994472669231136'; // of 20 MiB, by fastcrc

/** An upload of "hello" whose callback answers this CRC64. */
async function answeredWith(crc64, file = Object.assign(new File(['hello'], 'a.txt'), { slice })) {
  const transport = {
    postJson: async () => granted(grant('a')),
    postForm: async () => ({ ...done('a'), body: JSON.stringify({ Status: 'OK', id: 'a', crc64 }) }),
  };
  return uploadFile(file, { tokenUrl: 'https://token.test/', transport, online: async () => true });
}

function slice(...range) {
  return Blob.prototype.slice.apply(this, range);
}

test('what is stored with the CRC64 of the file is done', async () => {
  assert.equal((await answeredWith(HELLO_CRC)).crc64, HELLO_CRC);
});

test('what is stored with another CRC64 is corrupted, and is not sent again', async () => {
  await assert.rejects(answeredWith('1'), {
    code: 'corrupted',
    status: 200,
    retryable: false,
    unconfirmed: null,
  });
});

test('an answer without a CRC64 leaves it unknown: nothing is read for it, and nothing claimed', async () => {
  for (const unknown of [undefined, '', 0]) assert.equal((await answeredWith(unknown)).crc64, unknown);
});

test('a file that cannot be read in parts, as in apps, is not compared', async () => {
  const file = Object.assign(new File(['hello'], 'a.txt'), { slice: undefined, arrayBuffer: undefined });
  assert.equal((await answeredWith('1', file)).crc64, '1');
});

for (const [size, crc64, expected] of [
  [2_500_000, ZEROS_CRC, [2_500_000]],
  [20 * 1024 ** 2, MANY_ZEROS_CRC, [8, 8, 4].map((mebibytes) => mebibytes * 1024 ** 2)],
])
  test(`a file of ${size} bytes is read once, while it is sent`, async () => {
    const reads = [];
    let tell;
    const isRead = new Promise((resolve) => (tell = resolve));
    const counted = (blob) =>
      Object.assign(blob, {
        arrayBuffer: async () => {
          reads.push(blob.size);
          if (reads.length === expected.length) tell();
          return Blob.prototype.arrayBuffer.call(blob);
        },
        slice: (from, to) => counted(Blob.prototype.slice.call(blob, from, to)),
      });
    const answer = { ...done('a'), body: JSON.stringify({ Status: 'OK', id: 'a', crc64 }) };
    const transport = {
      postJson: async () => granted(grant('a')),
      postForm: async () => (await isRead, answer),
    };
    const file = counted(new File([new Uint8Array(size)], 'a.bin'));
    await uploadFile(file, { tokenUrl: 'https://token.test/', transport, online: async () => true });
    assert.deepEqual(reads, expected);
  });

test('a file that was changed while it was sent, and is stored with other bytes, is unreadable', async () => {
  const file = new File(['hello'], 'a.txt');
  const gone = async () => {
    throw new DOMException('A file was changed.', 'NotReadableError');
  };
  file.slice = readBy(gone).slice;
  await assert.rejects(answeredWith('1', file), { code: 'unreadable', status: 200, retryable: false });
});
