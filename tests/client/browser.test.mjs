import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import test from 'node:test';
import { browserTransport, uploadFile } from '../../client/src/lib/upload.js';
import { PHOTO, done, grant, granted, problem, turn } from './dialogue.mjs';

/** Replaces a global for one test. */
function stand(t, name, value) {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  t.after(() => (before ? Object.defineProperty(globalThis, name, before) : delete globalThis[name]));
}

test('neither cookies, a cache nor a redirect have a part in asking', async (t) => {
  const asked = [];
  stand(t, 'fetch', async (url, { signal: _, ...init }) => {
    asked.push([url, init]);
    return new Response('{}', { headers: { 'X-Test': '1' } });
  });
  const { signal } = new AbortController();
  const answer = await browserTransport.postJson(
    'https://callback.test/confirm',
    { ticket: 't' },
    {},
    signal,
  );
  assert.deepEqual(asked, [
    [
      'https://callback.test/confirm',
      {
        method: 'POST',
        headers: {},
        body: '{"ticket":"t"}',
        keepalive: false,
        credentials: 'omit',
        cache: 'no-store',
        redirect: 'error',
      },
    ],
  ]);
  assert.deepEqual([answer.status, answer.headers['x-test'], answer.body], [200, '1', '{}']);
});

test('the form goes out without cookies and without a header of ours, the file last', async (t) => {
  const sent = [];
  class Request {
    upload = {};
    withCredentials = false;
    status = 200;
    responseText = '{}';
    open = (...how) => sent.push(...how);
    abort() {}
    getAllResponseHeaders = () => 'x-oss-request-id: R-1\r\nx-test: a: b\r\n';
    send(form) {
      sent.push(this.withCredentials, [...form.keys()], form.get('file').name);
      this.onload();
    }
  } // no setRequestHeader: calling it would fail
  stand(t, 'XMLHttpRequest', Request);
  const { signal } = new AbortController();
  const fields = { key: 'k', policy: 'p' };
  const answer = await browserTransport.postForm('https://oss.test/', fields, PHOTO, () => {}, signal);
  assert.deepEqual(sent, ['POST', 'https://oss.test/', false, ['key', 'policy', 'file'], 'file']);
  assert.deepEqual(answer, {
    status: 200,
    headers: { 'x-oss-request-id': 'R-1', 'x-test': 'a: b' },
    body: '{}',
  });
});

const SAFARI =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.6 Safari/605.1.15';
const CHROME_ON_IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 26_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1';
const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
for (const [engine, userAgent, isWebKit] of [
  ['Safari', SAFARI, true],
  ['Chrome on an iPhone', CHROME_ON_IPHONE, true],
  ['Chrome', CHROME, false],
  ['Firefox', FIREFOX, false],
])
  test(`${engine} is given ${isWebKit ? 'what it does not lose' : 'the file itself'}`, async (t) => {
    const sent = [];
    class Request {
      upload = {};
      status = 200;
      responseText = '';
      open() {}
      abort() {}
      getAllResponseHeaders = () => '';
      send(body) {
        sent.push(body);
        this.onload();
      }
    }
    stand(t, 'XMLHttpRequest', Request);
    stand(t, 'navigator', { userAgent });
    const append = t.mock.method(FormData.prototype, 'append');
    const { signal } = new AbortController();
    await browserTransport.postForm('https://oss.test/', {}, PHOTO, () => {}, signal);
    await browserTransport.putPart('https://oss.test/', PHOTO, () => {}, signal);
    const [form, part] = sent;
    const [{ arguments: appended }] = append.mock.calls;
    assert.equal(appended[1] instanceof File, !isWebKit);
    assert.equal(await form.get('file').text(), '12345');
    assert.equal(part instanceof ArrayBuffer, isWebKit);
    assert.equal(await new Response(part).text(), '12345');
  });

/** An upload in real time that is refused at its second try; `more` may make it wait. */
async function refusedAtLast(signal, more = {}) {
  const answers = [problem(503, 'unavailable'), problem(413, 'too_large')];
  const transport = { ...browserTransport, postJson: async () => answers.shift() };
  const options = { tokenUrl: 'https://token.test/', transport, random: () => 0, signal, ...more };
  await assert.rejects(uploadFile(PHOTO, options), { code: 'too_large' });
}

test("a pause leaves nothing behind on the caller's signal", async () => {
  const { signal } = new AbortController();
  await refusedAtLast(signal);
  assert.deepEqual(getEventListeners(signal, 'abort'), []);
});

test("waiting for the line leaves nothing behind on the caller's signal", async (t) => {
  const { signal } = new AbortController();
  const page = new EventTarget();
  stand(t, 'navigator', { onLine: false });
  stand(t, 'addEventListener', page.addEventListener.bind(page));
  const comesBack = setInterval(() => page.dispatchEvent(new Event('online')), 1);
  t.after(() => clearInterval(comesBack));
  await refusedAtLast(signal);
  assert.deepEqual(getEventListeners(signal, 'abort'), []);
});

test('a browser that only says that it is offline uploads all the same, and leaves nothing behind', async (t) => {
  const page = new EventTarget();
  stand(t, 'navigator', { onLine: false });
  stand(t, 'addEventListener', page.addEventListener.bind(page));
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const answers = [granted(grant('a')), done('a')];
  const transport = { postJson: async () => answers.shift(), postForm: async () => answers.shift() };
  const upload = uploadFile(PHOTO, { tokenUrl: 'https://token.test/', transport });
  await turn();
  t.mock.timers.tick(3000);
  assert.equal((await upload).id, 'a');
  assert.deepEqual(getEventListeners(page, 'online'), []);
});

test('cancelling ends a real pause and a real wait for the line at once', async (t) => {
  const page = new EventTarget();
  stand(t, 'addEventListener', page.addEventListener.bind(page));
  for (const onLine of [true, false]) {
    stand(t, 'navigator', { onLine });
    const controller = new AbortController();
    const answers = [problem(503, 'unavailable', { 'retry-after': '60' })];
    const options = {
      tokenUrl: 'https://token.test/',
      transport: { ...browserTransport, postJson: async () => answers.shift() },
      signal: controller.signal,
    };
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    setTimeout(() => controller.abort(), 5);
    await assert.rejects(uploadFile(PHOTO, options), { code: 'aborted' });
    assert.deepEqual([timers(), getEventListeners(page, 'online')], [before, []]);
  }
});
