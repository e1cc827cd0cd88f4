import assert from 'node:assert/strict';
import test from 'node:test';
import { AbortController, uploadFile } from '../../client/src/apps/apps.js';
import { done, grant, granted } from './dialogue.mjs';

/** @returns {{asked: object[], options: object}} what the token function was asked for, and options of uploadFile */
function network() {
  const asked = [];
  const transport = {
    postJson: async (_, { files }) => {
      asked.push(...files);
      return granted(grant('a'));
    },
    postForm: async () => done('a'),
  };
  return {
    asked,
    options: { tokenUrl: 'https://token.test/', transport, wait: () => new Promise(() => {}) },
  };
}

for (const type of [undefined, null, '', 'image'])
  test(`a platform whose type is ${JSON.stringify(type)} knows none`, async () => {
    const { asked, options } = network();
    await uploadFile({ name: 'a.jpg', size: 1, type, uri: 'file:///a.jpg' }, options);
    assert.deepEqual(asked, [{ name: 'a.jpg', size: 1, type: '' }]);
  });

test('a signal that was given to many uploads keeps nothing of them', async () => {
  const { options } = network();
  const { signal } = new AbortController();
  for (const name of ['a.jpg', 'b.jpg'])
    await uploadFile({ name, size: 1, path: name }, { ...options, signal });
  assert.equal(signal.listeners.size, 0);
});

test('a signal that has aborted before asks nothing', async () => {
  const { asked, options } = network();
  const controller = new AbortController();
  controller.abort();
  const upload = uploadFile({ name: 'a.jpg', size: 1 }, { ...options, signal: controller.signal });
  await assert.rejects(upload, { name: 'AbortError', code: 'aborted' });
  assert.deepEqual(asked, []);
});
