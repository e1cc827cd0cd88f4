import assert from 'node:assert/strict';
import test from 'node:test';
import { dialogue, grant, json, problem, readBy, unreachable, xml } from './dialogue.mjs';

test("reads code, message, request id and EC from OSS's XML", async () => {
  const answer = xml(403, 'AccessDenied', {
    message:
      'Policy Condition failed: [&quot;eq&quot;, &quot;$bucket&quot;, &quot;a&amp;b中文&lt;&apos;&gt;&quot;]',
    ec: '0006-00000227',
  });
  const { error } = await dialogue([
    ['token', grant('a')],
    ['oss a', answer],
  ]);
  assert.deepEqual(
    {
      code: error.code,
      status: error.status,
      ec: error.ec,
      requestId: error.requestId,
      message: error.message,
      retryable: error.retryable,
    },
    {
      code: 'AccessDenied',
      status: 403,
      ec: '0006-00000227',
      requestId: '5C3D',
      retryable: false,
      message: `Policy Condition failed: ["eq", "$bucket", "a&b中文<'>"]`,
    },
  );
});

test('an answer that says nothing is known by its status and its header', async () => {
  const answer = { status: 418, headers: { 'x-oss-request-id': 'H-1' }, body: '<Error><Code>' };
  const { error } = await dialogue([
    ['token', grant('a')],
    ['oss a', answer],
  ]);
  assert.deepEqual(
    [error.code, error.status, error.requestId, error.message],
    ['http_418', 418, 'H-1', 'http_418'],
  );
});

test('a code and a detail that are not texts are ignored', async () => {
  for (const strange of [{ a: 1 }, ['a'], 7, null]) {
    const body = { code: strange, detail: strange, request_id: strange };
    const { error } = await dialogue([['token', json(400, body, { 'x-fc-request-id': 'F-1' })]]);
    assert.deepEqual([error.code, error.message, error.requestId], ['http_400', 'http_400', 'F-1']);
  }
});

test('an answer cannot have a code that only the library sets', async () => {
  for (const code of ['not_confirmed', 'aborted', 'too_slow', 'network', 'unreadable']) {
    const { error } = await dialogue([['token', problem(400, code)]]);
    assert.deepEqual([error.code, error.name], ['http_400', 'UploadError'], code);
  }
});

test('a file that was changed or deleted after it was chosen is reported as that, and not sent again', async () => {
  const gone = new File(['12345'], 'photo.jpg', { type: 'image/jpeg' });
  Object.assign(
    gone,
    readBy(() => Promise.reject(new DOMException('gone', 'NotReadableError'))),
  );
  const { error } = await dialogue(
    [
      ['token', grant('a')],
      ['oss a', unreachable()],
    ],
    { file: gone },
  );
  assert.deepEqual([error.code, error.retryable, error.unconfirmed], ['unreadable', false, null]);
});

test('an XML entity by number, or with the name of something else, stays as it came', async () => {
  const { error } = await dialogue([
    ['token', grant('a')],
    ['oss a', xml(400, 'X', { message: '&constructor;&toString;&nope; &#x41; &amp;lt;' })],
  ]);
  assert.equal(error.message, '&constructor;&toString;&nope; &#x41; &lt;');
});
