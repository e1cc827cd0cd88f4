import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { sizeInWords } from '../../client/src/page/texts/formatting.js';
import { TEXTS, firstLanguage, sentenceFor, textAt } from '../../client/src/page/texts/languages.js';

const LIMITS = {
  maxBytes: 419_430_400,
  slowestBytesPerSecond: 131_072,
  types: ['image/*', 'application/pdf', 'model/gltf'],
};

test('both languages have a sentence for the same codes', () => {
  assert.deepEqual(Object.keys(TEXTS.zh.codes), Object.keys(TEXTS.en.codes));
});

test('every code that the functions and upload.js can end with has a sentence of its own', () => {
  const codes =
    'aborted network not_confirmed not_stored too_slow grant_expired bad_answer unexpected unreadable not_local missing_parameter ' +
    'unknown_parameter name_invalid name_too_long size_invalid too_large type_invalid type_not_allowed foreign_origin ' +
    'not_found method_not_allowed misconfigured internal bucket_versioned unavailable ' +
    'token_missing token_expired token_invalid corrupted upload_gone parts_missing';
  assert.deepEqual(
    codes.split(' ').filter((code) => !Object.hasOwn(TEXTS.en.codes, code)),
    [],
  );
});

test('an unknown code is described by its status', () => {
  assert.equal(sentenceFor(TEXTS.en, 'Strange', 418), 'The upload was refused (418).');
  assert.equal(sentenceFor(TEXTS.en, 'constructor', 599), TEXTS.en.brokenWith(599));
});

test('a stored file that is not the one that was sent has a sentence of its own', () => {
  for (const code of 'size_differs etag_differs object_encoded storage_class_differs object_differs'.split(
    ' ',
  ))
    assert.equal(sentenceFor(TEXTS.en, code, 409), TEXTS.en.differs, code);
});

test('a file that changed while it was sent has another sentence than one that was not sent', () => {
  assert.equal(sentenceFor(TEXTS.en, 'unreadable', 200), TEXTS.en.changed);
  assert.equal(sentenceFor(TEXTS.en, 'unreadable', 0), TEXTS.en.codes.unreadable);
});

test('limits are described in words; a type without an everyday name stays as it is', () => {
  assert.equal(
    TEXTS.en.limits(LIMITS),
    'Up to 400 MB each: images, PDF and model/gltf. The largest need a connection that sends at least 128 KB a second.',
  );
  assert.equal(
    TEXTS.zh.limits({ ...LIMITS, slowestBytesPerSecond: null }),
    '单个文件不超过 400 MB，可上传：图片、PDF、model/gltf。',
  );
});

test('files of no known type go last, and are called so when refused', () => {
  const types = ['application/octet-stream', 'image/*'];
  assert.match(TEXTS.en.limits({ ...LIMITS, types }), /: images and files of no known type\./);
  for (const type of ['', 'application/octet-stream'])
    assert.match(
      TEXTS.en.refused.type_not_allowed(type, LIMITS),
      /^Files of no known type are not accepted here\./,
    );
});

test('many at once are said in one sentence', () => {
  for (const [counts, en, zh] of [
    [[12, 3, 0], '12 done, 3 failed or not sent', '12 个已完成，3 个失败或未发送'],
    [[2, 0, 0], '2 done', '2 个已完成'],
    [[0, 0, 2], '2 in other states', '2 个处于其他状态'],
  ])
    assert.deepEqual([TEXTS.en.announceMany(...counts), TEXTS.zh.announceMany(...counts)], [en, zh]);
});

test('a size and its limit never look the same', () => {
  assert.equal(
    TEXTS.en.refused.too_large(419_430_401, LIMITS),
    'The file is too large: it is 419,430,401 B; the limit is 419,430,400 B.',
  );
});

test('sizes are shown in steps of 1024', () => {
  const sizes = [0, 1023, 1024, 1536, 104_857_600, 2 ** 40, 2 ** 55].map(sizeInWords);
  assert.deepEqual(sizes, ['0 B', '1023 B', '1 KB', '1.5 KB', '100 MB', '1 TB', '32768 TB']);
});

test('begins in the language of an earlier visit, or else in the first one known of those preferred', () => {
  for (const [remembered, preferred, language] of [
    [null, ['zh-Hans-CN', 'en'], 'zh'],
    [null, ['fr', 'zh-TW', 'en'], 'zh'],
    [null, ['de', 'fr'], 'en'],
    [null, [], 'en'],
    ['en', ['zh-CN'], 'en'],
    ['xx', ['zh-CN'], 'zh'],
  ])
    assert.equal(firstLanguage(remembered, preferred), language, `${remembered}, ${preferred}`);
});

test('every place of index.html that names a text has one in both languages', () => {
  const html = readFileSync(new URL('../../client/index.html', import.meta.url), 'utf8');
  const paths = [...html.matchAll(/data-text="([^"]+)"/g)].map(([, path]) => path);
  assert.ok(paths.length > 10);
  for (const texts of Object.values(TEXTS))
    for (const path of paths) {
      const text = path.split('.').reduce((found, name) => found[name], texts);
      assert.equal(typeof text, 'string', path);
      assert.equal(textAt(texts, path), text);
    }
});
