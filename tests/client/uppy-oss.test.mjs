import assert from 'node:assert/strict';
import test from 'node:test';
import Uppy from '../../client/node_modules/@uppy/core/lib/index.js';
import { NetworkFault } from '../../client/src/lib/upload.js';
import OssUpload from '../../client/src/lib/uppy-oss.js';
import { callbackFailed, done, grant, json, problem } from './dialogue.mjs';
import { add, answered, hold, scriptedNetwork, turn } from './scripted-network.mjs';

/** An Uppy whose network is the test's, and the events that it has emitted. */
function open({ token, oss, confirm, ...options }) {
  const { options: network, requests, of } = scriptedNetwork({ token, oss, confirm });
  const uppy = new Uppy({ infoTimeout: 0 }); // or its timer keeps the process for five seconds
  uppy.use(OssUpload, { ...network, ...options });
  const events = [];
  for (const name of ['upload-start', 'upload-success', 'upload-error', 'complete'])
    uppy.on(name, (first) => {
      const names = [first].flat().map((file) => file?.name ?? '');
      events.push([name, ...names].join(' ').trim());
    });
  return { uppy, requests, events, of };
}

test('a file goes through as with any uploader: same events, and the callback has the last word', async () => {
  const { uppy, events } = open({ oss: [answered] });
  const id = add(uppy);
  const { successful, failed } = await uppy.upload();
  assert.deepEqual(events, ['upload-start a.png', 'upload-success a.png', 'complete']);
  assert.deepEqual([successful.length, failed.length], [1, 0]);
  const { response, progress } = uppy.getFile(id);
  assert.deepEqual(response, {
    status: 200,
    body: { Status: 'OK', id: 'g1', key: 'uploads/g1.jpg', size: 5 },
  });
  assert.deepEqual([progress.uploadComplete, progress.percentage], [true, 100]);
});

test('what Uppy knows of name and type is what is sent', async () => {
  const { uppy, of } = open({ oss: [answered] });
  const id = uppy.addFile({ name: 'a.md', data: new Blob(['# a']) });
  assert.equal(uppy.getFile(id).type, 'text/markdown');
  uppy.setFileMeta(id, { name: 'b.md', type: 'text/x-markdown' });
  await uppy.upload();
  const { name, size, type } = of('token')[0].file;
  assert.deepEqual([name, size, type], ['b.md', 3, 'text/x-markdown']);
});

test('a type that Uppy has guessed is not sent: the token function guesses better', async () => {
  for (const [name, said, asked] of [
    ['a.odt', '', ''],
    ['a.docx', '', ''],
    ['a.yaml', '', ''],
    ['a.zip', 'application/x-zip-compressed', 'application/x-zip-compressed'],
    ['a.bin', 'application/octet-stream', 'application/octet-stream'],
  ]) {
    const { uppy, of } = open({ oss: [answered] });
    uppy.addFile({ name, type: said, data: new File(['a'], name, { type: said }) });
    await uppy.upload();
    assert.equal(of('token')[0].file.type, asked, name);
  }
});

test('a type that the page has given to Uppy is sent', async () => {
  const { uppy, of } = open({ oss: [answered] });
  uppy.addFile({ name: 'a.txt', type: 'text/markdown', data: new Blob(['# a']) });
  await uppy.upload();
  assert.equal(of('token')[0].file.type, 'text/markdown');
});

test('progress is of the file, and starts over when the file does', async () => {
  const seen = [];
  const cut = ({ onProgress }) => {
    onProgress(1100, 1100);
    throw new NetworkFault('reset');
  };
  const { uppy } = open({ oss: [cut, answered], confirm: [problem(409, 'not_stored')] });
  const id = add(uppy, 'a.png', { data: new File(['x'.repeat(1000)], 'a.png') });
  uppy.on('upload-progress', () => seen.push(uppy.getFile(id).progress.percentage));
  await uppy.upload();
  assert.deepEqual(seen, [0, 100, 0, 100]);
});

test('a failure is reported, and holds up no other file', async () => {
  const refused = ({ file }) => (file.name === 'a.png' ? problem(403, 'AccessDenied') : null);
  const { uppy, events } = open({ oss: [(request) => refused(request) ?? answered(request)] });
  const errors = [];
  uppy.on('upload-error', (file, error, response) =>
    errors.push([file.name, error.code, error.name, response]),
  );
  for (const name of ['a.png', 'b.png']) add(uppy, name);
  const { successful, failed } = await uppy.upload();
  assert.deepEqual(errors, [['a.png', 'AccessDenied', 'UploadError', { status: 403 }]]);
  assert.deepEqual(
    [failed[0].name, failed[0].error, successful[0].name],
    ['a.png', 'AccessDenied.', 'b.png'],
  );
  assert.equal(events.at(-1), 'complete');
});

for (const [limit, at, once] of [
  [undefined, 'three', 3],
  [1, 'one', 1],
  [0, 'all', 5],
]) {
  test(`limit ${limit}: ${at} at once, and the next when one has ended`, async () => {
    const [held, go] = hold();
    const { uppy, of } = open({ oss: [held], ...(limit === undefined ? {} : { limit }) });
    for (const name of ['a', 'b', 'c', 'd', 'e']) add(uppy, name);
    const running = uppy.upload();
    await turn();
    assert.equal(of('token').length, once, 'a grant is asked for just before its file is sent');
    go();
    assert.equal((await running).successful.length, 5);
  });
}

test('no limit survives what Uppy tells every plugin when its own options change', async () => {
  const { uppy } = open({ oss: [answered], limit: 0 });
  uppy.setOptions({ autoProceed: false });
  add(uppy);
  assert.equal((await uppy.upload()).successful.length, 1);
});

test('listeners get the file as it is now, and an address if the answer has one', async () => {
  const started = [];
  const withUrl = ({ id }) => json(200, { Status: 'OK', id, url: 'https://cdn.test/a.png' });
  const { uppy } = open({ oss: [withUrl] });
  uppy.on('upload-success', (file) => started.push(file.progress.uploadStarted > 0));
  const id = add(uppy);
  await uppy.upload();
  assert.deepEqual([started, uppy.getFile(id).uploadURL], [[true], 'https://cdn.test/a.png']);
});

test('an address that is not one of the web makes no link', async () => {
  for (const url of ['javascript:alert(1)', ' javascript:alert(1)', 'data:text/html,x', 'a.png', 7]) {
    const { uppy } = open({ oss: [({ id }) => json(200, { Status: 'OK', id, url })] });
    const id = add(uppy);
    await uppy.upload();
    const { uploadURL, response } = uppy.getFile(id);
    assert.deepEqual([uploadURL, response.uploadURL, response.body.url], [undefined, undefined, url]);
  }
});

test("a listener that throws does not make a failure of what is stored, and Uppy's log has it", async (t) => {
  const { uppy, events } = open({ oss: [answered] });
  const logged = t.mock.method(uppy, 'log', () => {});
  uppy.on('upload-success', () => {
    throw new TypeError('a bug of the page');
  });
  const id = add(uppy);
  await uppy.upload();
  assert.deepEqual([uppy.getFile(id).error, events.includes('upload-error a.png')], [undefined, false]);
  assert.ok(logged.mock.calls.some(({ arguments: [error] }) => error.message === 'a bug of the page'));
});

test('a limit can be changed later', async () => {
  const [held, go] = hold();
  const { uppy, of } = open({ oss: [held], limit: 1 });
  for (const name of ['a', 'b', 'c']) add(uppy, name);
  const running = uppy.upload();
  uppy.getPlugin('OssUpload').setOptions({ limit: 3 });
  await turn();
  assert.equal(of('token').length, 3);
  go();
  await running;
});

test('removing a file cancels its upload, and no other', async () => {
  const [held, go] = hold();
  const { uppy, of, events } = open({ oss: [held] });
  const ids = ['a', 'b'].map((name) => add(uppy, name));
  const running = uppy.upload();
  await turn();
  uppy.removeFile(ids[0]);
  await turn();
  assert.deepEqual(
    of('oss').map(({ signal }) => signal.aborted),
    [true, false],
  );
  go();
  const { successful, failed } = await running;
  assert.deepEqual([successful.map(({ name }) => name), failed], [['b'], []]);
  assert.ok(!events.some((event) => event.startsWith('upload-error')));
});

test('a file that is removed while it waits is never asked for', async () => {
  const [held, go] = hold();
  const { uppy, of } = open({ oss: [held], limit: 1 });
  const ids = ['a', 'b', 'c'].map((name) => add(uppy, name));
  const running = uppy.upload();
  uppy.removeFile(ids[1]);
  go();
  assert.equal((await running).successful.length, 2);
  assert.equal(of('token').length, 2);
});

test('cancelling all leaves nothing running', async () => {
  const [held] = hold();
  const { uppy, of } = open({ oss: [held], limit: 2 });
  for (const name of ['a', 'b', 'c']) add(uppy, name);
  const running = uppy.upload();
  await turn();
  uppy.cancelAll();
  await running;
  assert.deepEqual([of('oss').every(({ signal }) => signal.aborted), of('token').length], [true, 2]);
});

test('a retry first asks about what may be stored already', async () => {
  const { uppy, of } = open({
    oss: [callbackFailed()],
    confirm: [...Array(5).fill(problem(503, 'unavailable')), done('g1')],
  });
  const id = add(uppy);
  await uppy.upload();
  assert.equal(uppy.getFile(id).error, 'unavailable.');
  await uppy.retryUpload(id);
  assert.equal(uppy.getFile(id).response.body.id, 'g1');
  assert.deepEqual([of('token').length, of('oss').length, of('confirm').length], [1, 1, 6]);
});

test('a retry asks no more about what is known not to be stored', async () => {
  const { uppy, of } = open({
    oss: [callbackFailed(), problem(403, 'AccessDenied'), answered],
    confirm: [...Array(5).fill(problem(503, 'unavailable')), problem(409, 'not_stored')],
  });
  const id = add(uppy);
  await uppy.upload();
  await uppy.retryUpload(id);
  assert.equal(uppy.getFile(id).error, 'AccessDenied.');
  await uppy.retryUpload(id);
  assert.equal(uppy.getFile(id).response.body.id, 'g3');
  assert.equal(of('confirm').length, 6);
});

test('what is done and chosen once more is sent once more', async () => {
  const { uppy, of } = open({
    oss: [callbackFailed(), answered],
    confirm: [...Array(5).fill(problem(503, 'unavailable')), done('g1')],
  });
  const data = new File(['a'], 'a.png', { lastModified: 1 });
  const first = add(uppy, 'a.png', { data });
  await uppy.upload();
  await uppy.retryUpload(first);
  uppy.clear();
  const id = add(uppy, 'a.png', { data });
  await uppy.upload();
  assert.equal(uppy.getFile(id).response.body.id, 'g2');
  assert.equal(of('confirm').length, 6);
});

test('what is uploaded already, as after a recovery, is left alone', async () => {
  const { uppy, requests } = open({ oss: [answered] });
  const id = add(uppy);
  uppy.setFileState(id, { progress: { uploadStarted: 1, uploadComplete: true } });
  await uppy.retryUpload(id);
  assert.equal(requests.length, 0);
});

test('an upload leaves nothing behind on Uppy', async (t) => {
  const { uppy } = open({ oss: [answered] });
  const on = t.mock.method(uppy, 'on');
  const off = t.mock.method(uppy, 'off');
  add(uppy);
  await uppy.upload();
  assert.equal(on.mock.callCount(), off.mock.callCount());
  assert.ok(on.mock.callCount() > 0);
});

test('a file that is cancelled when all of it has left, and chosen again, is asked about first', async () => {
  const [held] = hold();
  const leaves = (request) => {
    request.onProgress(200, 200);
    return held(request);
  };
  const { uppy, of } = open({ oss: [leaves], confirm: [done('g1')] });
  const data = new File(['a'], 'a.png', { lastModified: 1 });
  const first = add(uppy, 'a.png', { data });
  const running = uppy.upload();
  await turn();
  uppy.removeFile(first);
  await running;
  const id = add(uppy, 'a.png', { data });
  await uppy.upload();
  assert.equal(uppy.getFile(id).response.body.id, 'g1');
  assert.equal(of('oss').length, 1);
});

test('another file of the same name is not asked about', async () => {
  const { uppy, of } = open({ oss: [callbackFailed(), answered], confirm: [problem(403, 'not_verified')] });
  uppy.removeFile(add(uppy));
  add(uppy);
  await uppy.upload();
  uppy.cancelAll();
  const id = add(uppy);
  await uppy.upload();
  assert.equal(uppy.getFile(id).response.body.id, 'g2');
  assert.equal(of('confirm').length, 1);
});

test('headers come from an async function that gets the file and the last failure', async () => {
  const calls = [];
  const headers = async (file, after) => {
    calls.push([file.name, after?.code ?? null]);
    return { Authorization: `Bearer ${calls.length}` };
  };
  const { uppy, of } = open({ token: [problem(401, 'token_expired'), grant('g')], oss: [answered], headers });
  add(uppy);
  await uppy.upload();
  assert.deepEqual(calls, [
    ['a.png', null],
    ['a.png', 'token_expired'],
  ]);
  assert.deepEqual(
    of('token').map((request) => request.headers.Authorization),
    ['Bearer 1', 'Bearer 2'],
  );
});

test('headers may be plain ones', async () => {
  const { uppy, of } = open({ oss: [answered], headers: { Authorization: 'Bearer x' } });
  add(uppy);
  await uppy.upload();
  assert.equal(of('token')[0].headers.Authorization, 'Bearer x');
});

test('waits while the machine is offline', async () => {
  let online;
  const line = new Promise((resolve) => {
    online = resolve;
  });
  const { uppy, requests } = open({ oss: [answered], online: () => line });
  add(uppy);
  const running = uppy.upload();
  await turn();
  assert.equal(requests.length, 0);
  online(true);
  assert.equal((await running).successful.length, 1);
});

test('onState tells every state with its file; one that throws changes nothing', async (t) => {
  t.mock.method(globalThis, 'queueMicrotask', () => {});
  const states = [];
  const { uppy } = open({
    oss: [answered],
    onState: (file, { state }) => {
      states.push(`${file.name} ${state}`);
      throw new Error('cannot draw');
    },
  });
  add(uppy);
  await uppy.upload();
  assert.deepEqual(
    states,
    ['signing', 'sending', 'sending', 'done'].map((state) => `a.png ${state}`),
  );
});

test('a file that is elsewhere, as Companion has them, is refused in words', async () => {
  const states = [];
  const { uppy, requests } = open({ oss: [answered], onState: (_, { code }) => states.push(code) });
  const id = uppy.addFile({ name: 'a.png', isRemote: true, data: { size: 1 }, remote: {} });
  await uppy.upload();
  assert.match(uppy.getFile(id).error, /a\.png is not on this machine/);
  assert.deepEqual(states, ['not_local']);
  assert.equal(requests.length, 0);
});

test('once removed from Uppy it uploads nothing', async () => {
  const { uppy, requests } = open({ oss: [answered] });
  uppy.removePlugin(uppy.getPlugin('OssUpload'));
  add(uppy);
  await uppy.upload();
  assert.equal(requests.length, 0);
});

// ---- Pause

test('Uppy offers to pause while the plugin is there', () => {
  const { uppy } = open({});
  assert.equal(uppy.getState().capabilities.resumableUploads, true);
  uppy.removePlugin(uppy.getPlugin('OssUpload'));
  assert.equal(uppy.getState().capabilities.resumableUploads, false);
});

for (const [what, pause, resume] of [
  ['one file', (uppy, id) => uppy.pauseResume(id), (uppy, id) => uppy.pauseResume(id)],
  ['all files', (uppy) => uppy.pauseAll(), (uppy) => uppy.resumeAll()],
])
  test(`pausing ${what} in Uppy stops sending, and resuming goes on`, async () => {
    const [held, go] = hold();
    const states = [];
    const { uppy, of } = open({ oss: [held], onState: (_, { state }) => states.push(state) });
    const id = add(uppy);
    const running = uppy.upload();
    await turn();
    pause(uppy, id);
    await turn();
    assert.deepEqual([of('oss')[0].signal.aborted, states.at(-1)], [true, 'paused']);
    go();
    resume(uppy, id);
    assert.equal((await running).successful.length, 1);
    assert.equal(of('oss').length, 2);
  });

test('what Uppy pauses before its turn waits for the word to go on', async () => {
  const { uppy, of } = open({ oss: [answered], limit: 1 });
  const ids = ['a', 'b'].map((name) => add(uppy, name));
  const running = uppy.upload();
  uppy.pauseResume(ids[1]);
  await turn();
  await turn();
  assert.equal(of('oss').length, 1);
  uppy.pauseResume(ids[1]);
  assert.equal((await running).successful.length, 2);
});

test('a file that was paused before, as one of an earlier visit, waits for the word to go on', async () => {
  const { uppy, of } = open({ oss: [answered] });
  const [a] = ['a', 'b'].map((name) => add(uppy, name));
  uppy.setFileState(a, { isPaused: true });
  const running = uppy.upload();
  await turn();
  await turn();
  assert.deepEqual(
    of('oss').map(({ file }) => file.name),
    ['b'],
  );
  uppy.pauseResume(a);
  assert.equal((await running).successful.length, 2);
});

test('a paused file gives its turn to the next, and waits for another one to go on', async () => {
  const [held, go] = hold();
  const { uppy, of } = open({ oss: [held], limit: 1 });
  const [a, b] = ['a', 'b'].map((name) => add(uppy, name));
  const names = () => of('oss').map(({ file }) => file.name);
  const running = uppy.upload();
  await turn();
  uppy.pauseResume(a);
  await turn();
  assert.deepEqual(names(), ['a', 'b']);
  uppy.pauseResume(a);
  uppy.resumeAll();
  await turn();
  assert.deepEqual(names(), ['a', 'b']);
  uppy.pauseResume(b);
  await turn();
  uppy.pauseResume(b);
  await turn();
  assert.deepEqual(names(), ['a', 'b', 'a']);
  go();
  assert.equal((await running).successful.length, 2);
  assert.deepEqual(names(), ['a', 'b', 'a', 'b']);
});

test('a file that is paused while it waits for its turn, removed while paused, or paused at once ends all the same', async () => {
  const paused = [];
  const onState = ({ id }, { state }) => {
    if (state !== 'signing' || paused.includes(id)) return;
    paused.push(id);
    uppy.pauseResume(id);
  };
  const { uppy, of } = open({ oss: [answered], limit: 1, onState });
  const [a, b, c] = ['a', 'b', 'c'].map((name) => add(uppy, name));
  const running = uppy.upload();
  await turn();
  await turn();
  assert.deepEqual([paused, of('oss').length], [[a, b, c], 0]);
  uppy.removeFile(b);
  uppy.pauseResume(a);
  uppy.pauseResume(c);
  assert.equal((await running).successful.length, 2);
});

test("the fields of a file's meta that are named, and the profile, go to the token function", async () => {
  const { uppy, of } = open({ oss: [answered], metaFields: ['order', 'page', 'note'], profile: 'avatar' });
  add(uppy, 'a.png', { meta: { order: '17', page: 3, other: 'x' } });
  add(uppy, 'b.png', { meta: { note: null } });
  await uppy.upload();
  const facts = of('token').map(({ file: { name, data, profile } }) => ({ name, data, profile }));
  assert.deepEqual(facts, [
    { name: 'a.png', data: { order: '17', page: '3' }, profile: 'avatar' },
    { name: 'b.png', data: undefined, profile: 'avatar' },
  ]);
});

test('a file keeps its date, by which an upload in parts is remembered', async () => {
  const opened = [];
  const memory = {
    open: async ({ file }) => {
      opened.push([file.name, file.lastModified]);
      return null;
    },
  };
  const { uppy } = open({ oss: [answered], memory });
  add(uppy, 'a.png');
  uppy.addFile({ name: 'b.txt', data: new Blob(['b']) });
  await uppy.upload();
  assert.deepEqual(opened, [
    ['a.png', 1],
    ['b.txt', 0],
  ]);
});
