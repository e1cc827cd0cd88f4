import assert from 'node:assert/strict';
import test from 'node:test';
import { TEXTS, firstLanguage, sentenceFor, sizeInWords } from '../../client/src/texts.js';

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
    'aborted network not_confirmed not_stored too_slow grant_expired bad_answer unexpected not_local missing_parameter ' +
    'unknown_parameter name_invalid name_too_long size_invalid too_large type_invalid type_not_allowed foreign_origin ' +
    'not_found method_not_allowed misconfigured internal not_verified bucket_versioned unavailable ' +
    'token_missing token_expired token_invalid';
  assert.deepEqual(
    codes.split(' ').filter((code) => !Object.hasOwn(TEXTS.en.codes, code)),
    [],
  );
});

test('an unknown code is told by its status', () => {
  assert.equal(sentenceFor(TEXTS.en, 'Strange', 418), 'The upload was refused (418).');
  assert.equal(sentenceFor(TEXTS.en, 'constructor', 599), TEXTS.en.brokenWith(599));
});

for (const code of [
  'size_differs',
  'etag_differs',
  'object_encoded',
  'storage_class_differs',
  'object_differs',
]) {
  test(`${code} is told as a stored file that is not the one that was sent`, () => {
    assert.equal(sentenceFor(TEXTS.en, code, 409), TEXTS.en.differs);
  });
}

test('limits are told in words, with what has no everyday name as it is', () => {
  assert.equal(
    TEXTS.en.limits(LIMITS),
    'Up to 400 MB each: images, PDF and model/gltf. The largest need a connection that sends at least 128 KB a second.',
  );
  assert.equal(
    TEXTS.zh.limits({ ...LIMITS, slowestBytesPerSecond: null }),
    '单个文件不超过 400 MB，可上传：图片、PDF、model/gltf。',
  );
});

test('a size and its limit never look the same', () => {
  assert.equal(
    TEXTS.en.refused.too_large(419_430_401, LIMITS),
    'The file is too large: it has 419,430,401 B, and at most 419,430,400 B can be uploaded.',
  );
});

for (const [bytes, words] of [
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KB'],
  [1536, '1.5 KB'],
  [104_857_600, '100 MB'],
  [2 ** 40, '1 TB'],
  [2 ** 55, '32768 TB'],
]) {
  test(`${bytes} bytes are ${words}`, () => assert.equal(sizeInWords(bytes), words));
}

for (const [remembered, preferred, language] of [
  [null, ['zh-Hans-CN', 'en'], 'zh'],
  [null, ['fr', 'zh-TW', 'en'], 'zh'],
  [null, ['de', 'fr'], 'en'],
  [null, [], 'en'],
  ['en', ['zh-CN'], 'en'],
  ['xx', ['zh-CN'], 'zh'],
]) {
  test(`begins in ${language} when ${remembered} is remembered and ${preferred} preferred`, () => {
    assert.equal(firstLanguage(remembered, preferred), language);
  });
}
