import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../../client/src/', import.meta.url));
const IMPORT = /(?:from|import) ?\(?'(\.[^']+\.js)'/g; // also of a type

/** @returns {Map<string, string[]>} the modules that each module of the client imports */
function imports() {
  const files = readdirSync(SOURCE, { recursive: true }).filter((name) => name.endsWith('.js'));
  return new Map(
    files.map((file) => {
      const found = readFileSync(join(SOURCE, file), 'utf8').matchAll(IMPORT);
      return [file, [...found].map(([, path]) => relative(SOURCE, join(SOURCE, dirname(file), path)))];
    }),
  );
}

test('the library imports nothing of the page, and the page only the three for others, time limits, and what reads answers and checksums; apps the entry', () => {
  const crossing = [...imports()].flatMap(([file, found]) =>
    found
      .filter((other) => dirname(other).split('/')[0] !== file.split('/')[0])
      .map((other) => [file, other]),
  );
  assert.ok(crossing.length > 0);
  for (const [file, other] of crossing)
    assert.match(
      `${file} ${other}`,
      /^page\/\S+ lib\/(answers|crc64|resume|timing|upload|uppy-oss)\.js$|^apps\/\S+ lib\/upload\.js$/,
    );
});

test('no module imports itself through others, not even for a type', () => {
  const found = imports();
  const visit = (file, path) => {
    assert.ok(!path.includes(file), `circle: ${[...path, file].join(' > ')}`);
    for (const other of found.get(file) ?? assert.fail(`${file} does not exist`))
      visit(other, [...path, file]);
  };
  for (const file of found.keys()) visit(file, []);
});
