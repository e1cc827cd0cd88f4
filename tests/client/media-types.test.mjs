import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';
import { AMBIGUOUS, TYPES, typeOfFile } from '../../client/src/page/media-types.js';

// mime-db gathers IANA's, Apache's and nginx's tables
const db = createRequire(new URL('../node_modules/', import.meta.url))('mime-db');

/** mime-db does not have the type of RFC 2557, which Chromium sends for web archives, and one type for all of Visio. */
const NOT_THERE = new Set(['mht', 'mhtml', 'vsdx']);

test('mime-db knows each extension by one of our spellings of its type, or not at all', () => {
  for (const [one, [extensions, others]] of Object.entries(TYPES))
    for (const extension of extensions.split(' ').filter((known) => known && !NOT_THERE.has(known))) {
      const types = Object.keys(db).filter((type) => db[type].extensions?.includes(extension));
      const spellings = [one, ...others.split(' ')];
      assert.ok(!types.length || types.some((type) => spellings.includes(type)), `${extension}: ${types}`);
    }
});

test('what the browser says is read in any letters and without parameters', () => {
  for (const said of ['application/x-zip-compressed', 'APPLICATION/ZIP', ' application/zip ; a=b', ''])
    assert.equal(typeOfFile(said, 'a.ZIP'), 'application/zip', said);
});

test('a name that is no extension says nothing', () => {
  for (const name of ['zip', 'a.', 'a.zip.', 'a.constructor', 'a.zip ', '.', ''])
    assert.equal(typeOfFile('', name), 'application/octet-stream', name);
});

test('a type of no table stays as it is', () => {
  for (const said of ['a/b', 'constructor', '__proto__', 'application/octet-stream'])
    assert.equal(typeOfFile(said, 'a.zip'), said);
});

test('a type that is said of several kinds of file leaves it to a name that is known', () => {
  for (const [said, extensions] of Object.entries(AMBIGUOUS)) {
    for (const extension of extensions.split(' '))
      assert.equal(typeOfFile(said, `a.${extension}`), typeOfFile('', `a.${extension}`));
    assert.equal(typeOfFile(said, 'a.html'), said in TYPES ? said : 'application/octet-stream');
  }
});
