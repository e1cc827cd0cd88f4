import assert from 'node:assert/strict';
import test from 'node:test';
import Uppy from '../../client/node_modules/@uppy/core/lib/index.js';
import {
  addFile,
  cancelAll,
  connect,
  move,
  resume,
  retry,
  setLimits,
  togglePause,
  togglePauseAll,
} from '../../client/src/page/files.js';
import { Uploads } from '../../client/src/page/uploads.js';
import { callbackFailed, grant, problem } from './dialogue.mjs';
import { add, answered, hold, scriptedNetwork, turn } from './scripted-network.mjs';

const LIMITS = { maxBytes: 1000, slowestBytesPerSecond: null, types: ['image/*'] };

/** The page's Uppy and its list of uploads; `options` as of `scriptedNetwork`. */
function open({ limits = LIMITS, ...answers }) {
  const { options, of } = scriptedNetwork({ oss: [answered], ...answers });
  const uploads = new Uploads(
    () => {},
    () => 0,
  );
  const uppy = new Uppy({ infoTimeout: 0 }); // or its timer keeps the process for five seconds
  connect(uppy, uploads, options);
  setLimits(uppy, limits, uploads);
  return {
    uppy,
    uploads,
    of,
    states: () => uploads.items.map(({ now }) => now.reason ?? now.code ?? now.state),
  };
}

const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';

/** As the Dashboard does with a file that somebody has chosen. */
const choose = (uppy, name, type) =>
  uppy.addFile({ source: 'Dashboard', name, type, data: new File([name], name, { type, lastModified: 1 }) });

const refused = (uppy, ...file) => assert.throws(() => add(uppy, ...file));

test('the list follows a file from its start to its end', async () => {
  const { uppy, uploads, states } = open({});
  add(uppy);
  const running = uppy.upload();
  await turn();
  assert.equal(uploads.items.length, 1);
  await running;
  assert.deepEqual(states(), ['done']);
});

test('a file that is too large, of another type, or chosen twice is refused in the list', async () => {
  const { uppy, states, of } = open({});
  refused(uppy, 'large.png', { data: new File(['x'.repeat(1001)], 'large.png') });
  refused(uppy, 'a.html', { type: 'text/html' });
  add(uppy);
  refused(uppy);
  await uppy.upload();
  assert.deepEqual(states(), ['too_large', 'type_not_allowed', 'duplicate', 'done']);
  assert.equal(of('token').length, 1);
});

test('a file is judged and sent by the one name of its type, whatever the browser says', async () => {
  const types = ['image/*', 'application/zip', 'text/csv', DOCX];
  for (const [name, said, one] of [
    ['a.zip', 'application/x-zip-compressed', 'application/zip'],
    ['archive', 'application/x-zip-compressed', 'application/zip'],
    ['a.zip', 'application/x-compressed', 'application/zip'],
    ['a.csv', 'application/vnd.ms-excel', 'text/csv'],
    ['a.docx', '', DOCX],
    ['a.psd', '', 'image/vnd.adobe.photoshop'],
    ['a.jpg', 'IMAGE/JPG; a=b', 'image/jpeg'],
  ]) {
    const { uppy, uploads, states, of } = open({ limits: { ...LIMITS, types } });
    choose(uppy, name, said);
    await uppy.upload();
    assert.deepEqual([states(), uploads.items[0].file.type], [['done'], one], name);
    assert.equal(of('token')[0].file.type || one, one, name);
  }
});

test('what a browser runs is refused also where the browser does not know it, and the list names the type', () => {
  const { uppy, uploads, states } = open({ limits: { ...LIMITS, types: ['application/octet-stream'] } });
  for (const name of ['a.html', 'a.js', 'A.XHTML']) assert.throws(() => choose(uppy, name, ''));
  assert.deepEqual(states(), Array(3).fill('type_not_allowed'));
  assert.deepEqual(
    uploads.items.map(({ file }) => file.type),
    ['text/html', 'text/javascript', 'application/xhtml+xml'],
  );
});

test('a chooser of files is told the extensions too, for types that the system may not know', () => {
  const { uppy } = open({ limits: { ...LIMITS, types: ['image/*', 'application/x-7z-compressed', 'a/b'] } });
  assert.deepEqual(uppy.opts.restrictions.allowedFileTypes, [
    'image/*',
    'application/x-7z-compressed',
    'a/b',
    '.7z',
  ]);
});

test('a file of an odd type is tried again in its own row', async () => {
  const token = [...Array(5).fill(problem(503, 'unavailable')), ({ n }) => grant(`g${n}`)];
  const { uppy, uploads, states } = open({ limits: { ...LIMITS, types: ['application/zip'] }, token });
  choose(uppy, 'a.zip', 'application/x-zip-compressed');
  await uppy.upload();
  assert.deepEqual(states(), ['unavailable']);
  retry(uppy, uploads.items[0]);
  await turn();
  assert.deepEqual(states(), ['done']);
});

test('what systems put into every folder is left out without a word; chosen by itself it is a file', () => {
  const { uppy, states } = open({ limits: { ...LIMITS, types: ['*/*'] } });
  for (const name of ['.DS_Store', 'Thumbs.db', 'desktop.ini'])
    refused(uppy, name, { meta: { relativePath: `folder/${name}` } });
  assert.deepEqual([uppy.getFiles(), states()], [[], []]);
  add(uppy, 'desktop.ini');
  assert.equal(uppy.getFiles().length, 1);
});

test('the limits of another user hold for the next file', () => {
  const { uppy, uploads, states } = open({});
  setLimits(uppy, { ...LIMITS, types: ['*/*'] }, uploads);
  add(uppy, 'a.html', { type: 'text/html' });
  setLimits(uppy, { ...LIMITS, maxBytes: 1 }, uploads);
  refused(uppy);
  assert.deepEqual([uppy.getFiles().length, states()], [1, ['too_large']]);
});

test('a failed file leaves Uppy, so that it holds up no new one, and stays in the list with its error', async () => {
  const [held, go] = hold();
  const { uppy, uploads, states } = open({ oss: [problem(403, 'AccessDenied'), held] });
  for (const name of ['a.png', 'b.png']) add(uppy, name);
  const running = uppy.upload();
  await turn();
  assert.deepEqual(
    [uppy.getFiles().map(({ name }) => name), uppy.getState().error, states()],
    [['b.png'], null, ['AccessDenied', 'sending']],
  );
  assert.equal(uploads.items[0].error.message, 'AccessDenied.');
  go();
  await running;
  add(uppy, 'c.png');
  await uppy.upload();
  assert.deepEqual(states(), ['AccessDenied', 'done', 'done']);
});

/** The page after a failure that another try may mend; the next request for a grant gets one. */
async function openFailed(oss) {
  const token = [...Array(5).fill(problem(503, 'unavailable')), ({ n }) => grant(`g${n}`)];
  const page = open({ token, oss });
  add(page.uppy, 'a.png', { meta: { relativePath: 'folder/a.png' } });
  await page.uppy.upload();
  assert.deepEqual(page.states(), ['unavailable']);
  return page;
}

test('a failed file is tried again in its own row, with its folder', async () => {
  const { uppy, uploads, states } = await openFailed([answered]);
  retry(uppy, uploads.items[0]);
  await turn();
  assert.deepEqual([states(), uploads.items[0].file.meta.relativePath], [['done'], 'folder/a.png']);
});

test('retry that is pressed twice sends the file once', async () => {
  const [held, go] = hold();
  const { uppy, uploads, states, of } = await openFailed([held]);
  retry(uppy, uploads.items[0]);
  await turn();
  retry(uppy, uploads.items[0]);
  await turn();
  go();
  await turn();
  retry(uppy, uploads.items[0]);
  await turn();
  assert.deepEqual([states(), of('oss').length], [['done'], 1]);
});

test('a failed file that the limits no longer allow is refused in its own row', async () => {
  const { uppy, uploads, states } = await openFailed([answered]);
  setLimits(uppy, { ...LIMITS, maxBytes: 1 }, uploads);
  retry(uppy, uploads.items[0]);
  await turn();
  assert.deepEqual([states(), uppy.getFiles()], [['too_large'], []]);
});

test('an upload is cancelled by removing its file from Uppy, and can be tried again', async () => {
  const [held] = hold();
  const { uppy, uploads, states } = open({ oss: [held, answered] });
  const id = add(uppy);
  void uppy.upload();
  await turn();
  uppy.removeFile(id);
  await turn();
  assert.deepEqual(states(), ['aborted']);
  retry(uppy, uploads.items[0]);
  await turn();
  assert.deepEqual(states(), ['done']);
});

test('a file chosen again is asked for in its row, not sent, while its upload may be stored', async () => {
  const { uppy, uploads, states, of } = open({
    oss: [callbackFailed()],
    confirm: [problem(403, 'not_verified')],
  });
  add(uppy);
  await uppy.upload();
  refused(uppy);
  assert.deepEqual(states(), ['not_confirmed', 'unconfirmed']);
  uploads.remove(uploads.items[0]);
  add(uppy);
  assert.deepEqual([uppy.getFiles().length, of('oss').length], [1, 1]);
});

test('a pasted file that is refused is in the list, and breaks nothing', () => {
  const { uppy, states } = open({});
  addFile(uppy, { name: 'a.html', type: 'text/html', data: new File(['a'], 'a.html'), meta: {} });
  assert.deepEqual(states(), ['type_not_allowed']);
});

test('one file, and all of them, can be paused and continued', async () => {
  const [held, go] = hold();
  const { uppy, uploads, states } = open({ oss: [held] });
  for (const name of ['a.png', 'b.png']) add(uppy, name);
  const running = uppy.upload();
  await turn();
  const isPaused = () => uploads.items.map((item) => item.isPaused);
  togglePause(uppy, uploads.items[0]);
  const seen = [isPaused()];
  togglePauseAll(uppy, uploads);
  await turn();
  seen.push(isPaused(), states());
  togglePauseAll(uppy, uploads);
  seen.push(isPaused());
  go();
  await running;
  assert.deepEqual(seen, [
    [true, false],
    [true, true],
    ['paused', 'paused'],
    [false, false],
  ]);
  assert.deepEqual(states(), ['done', 'done']);
});

const LEFT = {
  file: { name: 'a.png', size: 5, lastModified: 1, type: 'image/png' },
  loaded: 3,
  handle: null,
};
const again = (name = 'a.png', content = '12345', lastModified = 1) =>
  new File([content], name, { type: 'image/png', lastModified });

test('what was left goes on at once with its file, in its row', async () => {
  const { uppy, uploads, states } = open({});
  uploads.onUnfinished([LEFT]);
  resume(uppy, uploads, uploads.items[0], again());
  await turn();
  assert.deepEqual(states(), ['done']);
});

test('what was left goes on when its file is among those that were chosen already', async () => {
  const { uppy, uploads, states, of } = open({});
  uploads.onUnfinished([LEFT]);
  const [item] = uploads.items;
  uppy.addFile({ source: 'Dashboard', name: 'a.png', type: 'image/png', data: again() });
  resume(uppy, uploads, item, again());
  resume(uppy, uploads, item, again());
  await turn();
  assert.deepEqual([states(), of('oss').length], [['done'], 1]);
});

test('another file does not go on with what was left, and is not sent', async () => {
  for (const other of [again('b.png'), again('a.png', '1234'), again('a.png', '12345', 2)]) {
    const { uppy, uploads, of } = open({});
    uploads.onUnfinished([LEFT]);
    resume(uppy, uploads, uploads.items[0], other);
    await turn();
    assert.deepEqual(uploads.items[0].now, { state: 'unfinished', problem: 'another_file' });
    assert.deepEqual([uppy.getFiles(), of('token')], [[], []]);
  }
});

/** The Uppy that chooses, beside that which sends. */
function openBoth({ mayShrink = () => false, ...answers }) {
  const { uppy: sender, ...rest } = open(answers);
  const chooser = new Uppy({ infoTimeout: 0 });
  const newIds = [];
  setLimits(chooser, LIMITS, rest.uploads, { sender, mayShrink });
  chooser.addUploader(async (ids) => move(chooser, sender, ids, (...both) => newIds.push(both)));
  return { chooser, sender, newIds, ...rest };
}

test('a file is in one Uppy at a time, and in none once it is done', async () => {
  const [held, go] = hold();
  const { chooser, sender, states } = openBoth({ oss: [held] });
  const files = () => [chooser, sender].map((uppy) => uppy.getFiles().length);
  add(chooser);
  const seen = [files()];
  await chooser.upload();
  await turn();
  seen.push(files());
  go();
  for (let turns = 0; turns < 10; turns += 1) await turn();
  assert.deepEqual([...seen, files(), states()], [[1, 0], [0, 1], [0, 0], ['done']]);
});

test('a file that is being sent cannot be chosen again, and afterwards it can', async () => {
  const [held, go] = hold();
  const { chooser, states } = openBoth({ oss: [held] });
  add(chooser);
  await chooser.upload();
  refused(chooser);
  go();
  for (let turns = 0; turns < 10; turns += 1) await turn();
  add(chooser);
  assert.deepEqual([states(), chooser.getFiles().length], [['done', 'duplicate'], 1]);
});

test('small files are sent six at a time, and three where one is larger', async () => {
  for (const [bytes, atOnce] of [
    [1, 6],
    [1024 ** 2 + 1, 3],
  ]) {
    const [held] = hold();
    const { chooser, sender, uploads, of } = openBoth({ oss: [held] });
    for (const uppy of [chooser, sender]) setLimits(uppy, { ...LIMITS, maxBytes: 2 ** 30 }, uploads);
    for (let number = 0; number < 8; number += 1) {
      const name = `${number}.png`;
      add(chooser, name, { data: new File([new Uint8Array(number ? 1 : bytes)], name) });
    }
    await chooser.upload();
    for (let turns = 0; turns < 10; turns += 1) await turn();
    assert.equal(of('oss').length, atOnce);
    cancelAll(sender, uploads);
  }
});

test('the small picture of a file goes with it', async () => {
  const { chooser, uploads } = openBoth({});
  add(chooser);
  const [{ id }] = chooser.getFiles();
  chooser.setFileState(id, { preview: 'blob:small' });
  const removed = [];
  chooser.on('file-removed', ({ preview }) => removed.push(preview));
  await chooser.upload();
  assert.deepEqual([removed, uploads.items[0].file.preview], [[''], 'blob:small']);
});

/** Chooses an image, and replaces it by a smaller one. */
function chooseAndShrink(chooser, size, name = 'a.png') {
  const id = add(chooser, name, { data: new File(['x'.repeat(size)], name, { lastModified: 1 }) });
  const data = new File(['x'.repeat(size / 10)], name, { lastModified: 1 });
  chooser.setFileState(id, {
    data,
    size: data.size,
    meta: { ...chooser.getFile(id).meta, sizeBefore: size },
  });
  return id;
}

test('an image that gets smaller may be too large before, and is sent under an id of its own', async () => {
  const { chooser, states, uploads, newIds, of } = openBoth({ mayShrink: () => true });
  const id = chooseAndShrink(chooser, 5000);
  await chooser.upload();
  for (let turns = 0; turns < 10; turns += 1) await turn();
  const [{ file }] = uploads.items;
  assert.deepEqual([states(), of('token')[0].file.size, file.meta.sizeBefore], [['done'], 500, 5000]);
  assert.notEqual(file.id, id);
  assert.deepEqual(newIds, [[id, file.id]]);
});

test('an image that is too large even when it is smaller is refused, as is one chosen again', async () => {
  const [held] = hold();
  const { chooser, states } = openBoth({ oss: [held], mayShrink: () => true });
  for (const size of [20_000, 5000]) {
    chooseAndShrink(chooser, size);
    await chooser.upload();
  }
  chooseAndShrink(chooser, 5000);
  await chooser.upload();
  assert.deepEqual([states(), chooser.getFiles()], [['too_large', 'signing', 'duplicate'], []]);
});

test('an image that was made smaller is tried again as it is', async () => {
  const token = [...Array(5).fill(problem(503, 'unavailable')), ({ n }) => grant(`g${n}`)];
  const { chooser, sender, states, uploads } = openBoth({ token, mayShrink: () => true });
  chooseAndShrink(chooser, 5000);
  await chooser.upload();
  for (let turns = 0; turns < 20; turns += 1) await turn();
  assert.deepEqual(states(), ['unavailable']);
  retry(sender, uploads.items[0]);
  for (let turns = 0; turns < 10; turns += 1) await turn();
  const [{ file }] = uploads.items;
  assert.deepEqual([states(), file.size, file.meta.sizeBefore], [['done'], 500, 5000]);
});

test('all that is under way can be cancelled at once', async () => {
  const [held] = hold();
  const { chooser, sender, uploads, states } = openBoth({ oss: [held] });
  for (const name of ['a.png', 'b.png']) add(chooser, name);
  await chooser.upload();
  await turn();
  cancelAll(sender, uploads);
  assert.deepEqual([states(), sender.getFiles()], [['aborted', 'aborted'], []]);
});
