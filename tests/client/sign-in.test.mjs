import assert from 'node:assert/strict';
import test from 'node:test';
import { SignIn, tokenIn } from '../../client/src/page/sign-in.js';
import { UploadError } from '../../client/src/lib/upload.js';

const expired = new UploadError('token_expired', 'It has expired.', { status: 401 });
const bearer = (token) => ({ Authorization: `Bearer ${token}` });

function open() {
  let asked = 0;
  const signIn = new SignIn(() => {
    asked += 1;
  });
  return { signIn, asked: () => asked };
}

/** @returns {Promise<unknown>} what a promise has come to, or `waiting` */
const soFar = (promise) =>
  Promise.race([promise, new Promise((resolve) => setImmediate(resolve, 'waiting'))]);

test('nobody has signed in at first, and no header is sent', async () => {
  const { signIn } = open();
  assert.deepEqual([signIn.signedIn, signIn.headers, await signIn.headersFor({}, null)], [false, {}, {}]);
});

test('the token is what was pasted, without Bearer and spaces, if a header can carry it', () => {
  for (const [pasted, token] of [
    [' t1\n', 't1'],
    ['Bearer t1', 't1'],
    ['bearer  t1 ', 't1'],
    ['', null],
    ['令牌', null],
    ['t1…', null],
    ['a b', null],
    ['a\u0000b', null],
  ])
    assert.equal(tokenIn(pasted), token, JSON.stringify(pasted));
});

const jwt = (claims) => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;

test("a token is another user's only if both tokens name their users", () => {
  for (const [first, second, isOthers] of [
    [jwt({ sub: 'alice' }), jwt({ sub: 'alice', iat: 1 }), false],
    [jwt({ sub: 'alice' }), jwt({ sub: 'bob' }), true],
    [jwt({ sub: '阿丽??>' }), jwt({ sub: '阿丽??>', iat: 1 }), false],
    ['opaque', 'opaque too', false],
    [jwt({ sub: 'alice' }), 'x.y.z', false],
    ['opaque', jwt({ sub: 'bob' }), false],
    [jwt({ sub: 'alice' }), jwt({}), false],
  ]) {
    const { signIn } = open();
    assert.equal(signIn.isOtherUsers(second), false, 'nobody has signed in yet');
    signIn.take(first);
    assert.equal(signIn.isOtherUsers(second), isOthers, `${second} after ${first}`);
  }
});

test('the user is who the token names, nobody before signing in, and unknown where it names none', () => {
  for (const [token, subject] of [
    [jwt({ sub: 'alice' }), 'alice'],
    [jwt({ sub: '' }), null],
    [jwt({ sub: 1 }), null],
    ['opaque', null],
  ]) {
    const { signIn } = open();
    assert.equal(signIn.subject, '');
    signIn.take(token);
    assert.equal(signIn.subject, subject, token);
  }
});

test('uploads whose token has expired wait until somebody has signed in again', async () => {
  const { signIn, asked } = open();
  const [one, other] = [{}, {}];
  signIn.take('t1');
  for (const upload of [one, other]) await signIn.headersFor(upload, null);
  const waiting = [one, other].map((upload) => signIn.headersFor(upload, expired));
  assert.equal(await soFar(waiting[0]), 'waiting');
  assert.ok(asked() > 0);
  signIn.take('t2');
  assert.deepEqual(await Promise.all(waiting), [bearer('t2'), bearer('t2')]);
});

test('an upload that was sent before somebody signed in again does not ask once more', async () => {
  const { signIn, asked } = open();
  const upload = {};
  signIn.take('t1');
  await signIn.headersFor(upload, null);
  signIn.take('t2');
  assert.deepEqual([await signIn.headersFor(upload, expired), asked()], [bearer('t2'), 0]);
});

test('the same token once more is asked about once more', async () => {
  const { signIn, asked } = open();
  const upload = {};
  signIn.take('t1');
  await signIn.headersFor(upload, null);
  const waiting = signIn.headersFor(upload, expired);
  await soFar(waiting);
  signIn.take('t1');
  assert.equal(await soFar(waiting), 'waiting');
  assert.equal(asked(), 2);
});

test('another failure waits for nobody', async () => {
  const { signIn, asked } = open();
  const upload = {};
  signIn.take('t1');
  await signIn.headersFor(upload, null);
  assert.deepEqual(await signIn.headersFor(upload, new UploadError('network', '')), bearer('t1'));
  assert.equal(asked(), 0);
});

test('a token is nowhere to be seen on the object', () => {
  const { signIn } = open();
  signIn.take('secret-token');
  assert.doesNotMatch(JSON.stringify(signIn) + Object.values(signIn).map(String), /secret-token/);
});
