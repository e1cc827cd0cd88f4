import assert from 'node:assert/strict';
import test from 'node:test';
import { NetworkFault } from '../../client/src/lib/upload.js';
import { SettingsError, readSettings, reasonToRefuse } from '../../client/src/page/settings.js';

const PAGE = 'https://page.test/app/index.html';
const LIMITS = {
  max_bytes: 1000,
  slowest_bytes_per_second: 131072,
  types: ['image/*', 'Application/PDF'],
  grants: ['file'],
};

/** @param {Record<string, unknown>} answers  by address; text is answered as it is, anything else as JSON */
const site = (answers) => async (url, headers) => {
  if (headers.Authorization && !url.startsWith('https://token.test/')) throw new Error(`a token for ${url}`);
  if (!(url in answers)) return { status: 404, headers: {}, body: '' };
  const body = answers[url];
  if (body instanceof Error) throw body;
  return { status: 200, headers: {}, body: typeof body === 'string' ? body : JSON.stringify(body) };
};

const read = (config, limits = LIMITS) =>
  readSettings(
    site({ 'https://page.test/app/config.json': config, 'https://token.test/t/limits': limits }),
    PAGE,
    { Authorization: 'Bearer x' },
  );

test('reads where the token function is, then what it accepts', async () => {
  assert.deepEqual(await read({ tokenUrl: 'https://token.test/t/' }), {
    tokenUrl: 'https://token.test/t/',
    autoUpload: false,
    shrinkImages: undefined,
    limits: { maxBytes: 1000, slowestBytesPerSecond: 131072, types: ['image/*', 'application/pdf'] },
  });
});

test('the address of the token function is read up to its folder', async () => {
  for (const tokenUrl of ['https://token.test/t', 'https://token.test/t//', 'https://token.test/t/?x=1#y'])
    assert.equal((await read({ tokenUrl })).tokenUrl, 'https://token.test/t/', tokenUrl);
});

test('a broken config.json is reported', async () => {
  for (const config of [
    '',
    'no',
    '[]',
    'null',
    {},
    { tokenUrl: 7 },
    { tokenUrl: '' },
    { tokenUrl: 'https://' },
    { tokenUrl: 'javascript:1' },
  ])
    await assert.rejects(
      read(config),
      (error) => error instanceof SettingsError && error.missing === 'config',
      JSON.stringify(config),
    );
});

test('a missing config.json is reported with its address', async () => {
  await assert.rejects(readSettings(site({}), PAGE, {}), {
    missing: 'config',
    message: 'https://page.test/app/config.json: answered 404',
  });
});

test('limits that are missing or broken are reported as unreachable', async () => {
  for (const limits of [
    new NetworkFault('failed to fetch'),
    'no',
    'null',
    {},
    { ...LIMITS, max_bytes: '1000' },
    { ...LIMITS, max_bytes: -5 },
    '{"max_bytes": 1e999, "types": ["image/*"]}',
    { ...LIMITS, types: 'image/*' },
    { ...LIMITS, types: [{}] },
  ])
    await assert.rejects(
      read({ tokenUrl: 'https://token.test/t/' }, limits),
      (error) => error instanceof SettingsError && error.missing === 'limits',
      String(limits),
    );
});

test('a fault of our own code is not reported as one of config.json or of the limits', async () => {
  const fault = new TypeError('AbortSignal.timeout is not a function');
  for (const broken of ['https://page.test/app/config.json', 'https://token.test/t/limits']) {
    const answers = site({ 'https://page.test/app/config.json': { tokenUrl: 'https://token.test/t/' } });
    const get = async (url) => (url === broken ? Promise.reject(fault) : answers(url, {}));
    await assert.rejects(readSettings(get, PAGE, {}), fault, broken);
  }
});

test('a 401 is reported as a missing sign-in, with its code if it has one', async () => {
  for (const [body, code] of [
    ['{"code": "token_invalid"}', 'token_invalid'],
    ['<html>', ''],
  ]) {
    const answers = site({ 'https://page.test/app/config.json': { tokenUrl: 'https://token.test/' } });
    const get = async (url, headers) =>
      url === 'https://token.test/limits' ? { status: 401, headers: {}, body } : answers(url, headers);
    await assert.rejects(readSettings(get, PAGE, {}), { missing: 'sign_in', code });
  }
});

test("the user's token goes to the token function, and to nobody else", async () => {
  const asked = [];
  const answers = site({
    'https://page.test/app/config.json': { tokenUrl: 'https://token.test/' },
    'https://token.test/limits': LIMITS,
  });
  const get = (url, headers) => {
    asked.push([new URL(url).host, headers]);
    return answers(url, headers);
  };
  await readSettings(get, PAGE, { Authorization: 'Bearer x' });
  assert.deepEqual(asked, [
    ['page.test', {}],
    ['token.test', { Authorization: 'Bearer x' }],
  ]);
});

test('a file is refused for its size or its type', () => {
  const limits = { maxBytes: 1000, slowestBytesPerSecond: null, types: ['image/*', 'application/pdf'] };
  for (const [what, file, reason] of [
    ['a picture', { size: 1000, type: 'image/png' }, null],
    ['an empty file', { size: 0, type: 'image/png' }, null],
    ['a document', { size: 1, type: 'application/pdf' }, null],
    ['one byte too many', { size: 1001, type: 'image/png' }, 'too_large'],
    ['another type', { size: 1, type: 'text/html' }, 'type_not_allowed'],
    ['a type that only begins alike', { size: 1, type: 'imagesque/png' }, 'type_not_allowed'],
    ['no known type', { size: 1, type: 'application/octet-stream' }, 'type_not_allowed'],
  ])
    assert.equal(reasonToRefuse(file, limits), reason, what);
});

test('any type goes where any type is allowed', () => {
  const limits = { maxBytes: 1, slowestBytesPerSecond: null, types: ['*/*'] };
  assert.equal(reasonToRefuse({ size: 1, type: 'text/html' }, limits), null);
});
