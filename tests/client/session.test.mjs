import assert from 'node:assert/strict';
import test from 'node:test';
import { Session } from '../../client/src/page/session.js';
import { SettingsError } from '../../client/src/page/settings.js';
import { TEXTS } from '../../client/src/page/texts/languages.js';
import { UploadError } from '../../client/src/lib/upload.js';

const settings = (maxBytes) => ({
  tokenUrl: 'https://token.test/',
  limits: { maxBytes, slowestBytesPerSecond: null, types: ['image/*'] },
});
const jwt = (sub) => `x.${Buffer.from(JSON.stringify({ sub })).toString('base64url')}.x`;
const unauthorized = (code) => new SettingsError('sign_in', 'answered 401', code);

/** A session whose settings are read when the test says so: `reads` are the readings, in their order. */
function open() {
  const reads = [];
  const events = [];
  const read = (headers) =>
    new Promise((resolve, reject) => {
      reads.push({ headers, resolve, reject });
    });
  const session = new Session(read, {
    onSettings: ({ limits }) => events.push(`settings ${limits.maxBytes}`),
    onSigningIn: (signingIn) => events.push(`signing in ${signingIn}`),
    onChange: () => {},
    onError: (error) => events.push(`error ${error.message}`),
  });
  return { session, reads, events };
}

/** A session of a user who has signed in. */
async function openSignedIn(token = 't1') {
  const opened = open();
  const signedIn = opened.session.signInWith(token);
  opened.reads.shift().resolve(settings(1));
  assert.equal(await signedIn, true);
  opened.events.length = 0;
  return opened;
}

test('settings are read without a token, and are there for the page', async () => {
  const { session, reads, events } = open();
  const loading = session.load();
  assert.deepEqual([session.settings, session.limitsText(TEXTS.en)], [null, TEXTS.en.loading]);
  reads[0].resolve(settings(1024));
  await loading;
  assert.deepEqual([reads[0].headers, session.settings, events], [{}, settings(1024), ['settings 1024']]);
  assert.equal(session.limitsText(TEXTS.en), 'Up to 1 KB each: images.');
});

test('settings that come after newer ones are ignored, and so is their failure', async () => {
  for (const stale of ['resolve', 'reject']) {
    const { session, reads, events } = open();
    const loading = [session.load(), session.load()];
    reads[1].resolve(settings(2));
    await loading[1];
    reads[0][stale](stale === 'resolve' ? settings(1) : new SettingsError('limits', 'late'));
    await loading[0];
    assert.deepEqual([session.settings, session.error, events], [settings(2), null, ['settings 2']], stale);
  }
});

test('settings that come before newer ones are asked for, but are overtaken, are ignored too', async () => {
  const { session, reads, events } = open();
  const loading = [session.load(), session.load()];
  reads[0].resolve(settings(1));
  await loading[0];
  assert.deepEqual([session.settings, events], [null, []]);
  reads[1].resolve(settings(2));
  await loading[1];
  assert.deepEqual(events, ['settings 2']);
});

test('a stale answer signs nobody in', async () => {
  const { session, reads } = open();
  const signingIn = session.signInWith('t1');
  const loading = session.load();
  reads[1].reject(unauthorized('token_missing'));
  await loading;
  reads[0].resolve(settings(1));
  assert.equal(await signingIn, false);
  assert.equal(session.signIn.signedIn, false);
});

for (const missing of ['config', 'limits']) {
  test(`a page whose ${missing} cannot be read says so, until they can`, async () => {
    const { session, reads, events } = open();
    let loading = session.load();
    reads[0].reject(new SettingsError(missing, 'answered 500'));
    await loading;
    assert.deepEqual(
      [session.errorText(TEXTS.en), session.limitsText(TEXTS.en), session.signingIn, events],
      [TEXTS.en.trouble[missing], '', false, ['error answered 500']],
    );
    loading = session.load();
    assert.equal(session.errorText(TEXTS.en), '');
    reads[1].resolve(settings(1));
    await loading;
    assert.equal(session.errorText(TEXTS.en), '');
  });
}

test('a fault of the page itself is not shown as a fault of its settings', async () => {
  const { session, reads } = open();
  const loading = session.load();
  reads[0].reject(new TypeError('no Dashboard'));
  await loading;
  assert.equal(session.errorText(TEXTS.en), TEXTS.en.trouble.page);
});

test('where the place for files cannot be opened, the page says so and offers none', async () => {
  const session = new Session(async () => settings(1), {
    onSettings: () => {
      throw new TypeError('no Dashboard');
    },
    onSigningIn: () => {},
    onChange: () => {},
    onError: () => {},
  });
  await session.load();
  assert.deepEqual([session.settings, session.errorText(TEXTS.en)], [null, TEXTS.en.trouble.page]);
});

test('where users must sign in they are asked to, without a reproach the first time', async () => {
  const { session, reads, events } = open();
  const loading = session.load();
  reads[0].reject(unauthorized('token_missing'));
  await loading;
  assert.deepEqual(
    [session.signingIn, session.signInText(TEXTS.en), session.errorText(TEXTS.en), events],
    [true, '', '', ['error answered 401', 'signing in true']],
  );
});

test('a token that the token function accepts signs the user in', async () => {
  const { session, reads, events } = open();
  let loading = session.load();
  reads[0].reject(unauthorized('token_missing'));
  await loading;
  loading = session.signInWith(' Bearer t1\n');
  assert.equal(session.signIn.signedIn, false, 'not before it is accepted');
  reads[1].resolve(settings(1));
  assert.equal(await loading, true);
  assert.deepEqual([reads[1].headers, session.signIn.headers], Array(2).fill({ Authorization: 'Bearer t1' }));
  assert.deepEqual(events.slice(2), ['signing in false', 'settings 1']);
});

test('a token that the token function refuses is refused in its words', async () => {
  const { session, reads } = open();
  const signingIn = session.signInWith('t1');
  reads[0].reject(unauthorized('token_invalid'));
  assert.equal(await signingIn, false);
  assert.deepEqual(
    [session.signInText(TEXTS.en), session.signIn.signedIn],
    [TEXTS.en.codes.token_invalid, false],
  );
});

test('what no header can carry is no token, and is not sent', async () => {
  const { session, reads } = open();
  session.signingIn = true;
  assert.equal(await session.signInWith('令牌'), false);
  assert.deepEqual([session.signInText(TEXTS.en), reads], [TEXTS.en.codes.token_invalid, []]);
});

test("a user who has signed in is asked for a new token when it expires, and another user's is refused", async () => {
  const { session, reads, events } = await openSignedIn(jwt('alice'));
  const upload = {};
  await session.signIn.headersFor(upload, null);
  const waiting = session.signIn.headersFor(upload, new UploadError('token_expired', ''));
  assert.deepEqual([events, session.signInText(TEXTS.en)], [['signing in true'], TEXTS.en.signIn.expired]);
  assert.equal(await session.signInWith(jwt('bob')), false);
  assert.deepEqual([session.signInText(TEXTS.en), reads], [TEXTS.en.signIn.anotherUser, []]);
  const signingIn = session.signInWith(`${jwt('alice')}2`);
  reads[0].resolve(settings(1));
  assert.deepEqual([await signingIn, await waiting], [true, { Authorization: `Bearer ${jwt('alice')}2` }]);
});

test('being asked twice to sign in is one question', async () => {
  const { session, events } = await openSignedIn();
  session.signIn.onExpired();
  session.signIn.onExpired();
  assert.deepEqual(events, ['signing in true']);
});
