import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkBundle } from '../../client/floor.js';

const FLOOR = fileURLToPath(new URL('../../client/floor.js', import.meta.url));

/** A file of this content, for one test. */
function write(t, name, content) {
  const folder = mkdtempSync(join(tmpdir(), 'floor-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

/** The names that the linter finds in a file, one for each fault. */
function found(t, name, content) {
  const file = write(t, name, content);
  const { stderr, status } = spawnSync(process.execPath, [FLOOR, file], { encoding: 'utf8' });
  const names = [...stderr.matchAll(/: ([\w.-]+), not in /g)].map(([, one]) => one);
  assert.equal(status, names.length > 0 ? 1 : 0, stderr);
  return names;
}

test('what came after the floor is found: globals, static methods, methods of objects', (t) => {
  const lines = [
    ['AbortSignal.timeout(1);', 'api.AbortSignal.timeout_static'],
    ['AbortSignal.any([]);', 'api.AbortSignal.any_static'],
    ['Promise.withResolvers();', 'javascript.builtins.Promise.withResolvers'],
    ['[1].findLast(Boolean);', 'javascript.builtins.Array.findLast'],
    ['const { any } = AbortSignal;', 'api.AbortSignal.any_static'],
    ['new CompressionStream("gzip");', 'api.CompressionStream'],
    ['document.body.inert = true;', 'api.HTMLElement.inert'],
    ['document.body.checkVisibility();', 'api.Element.checkVisibility'],
    ['requestIdleCallback(() => {});', 'api.Window.requestIdleCallback'],
    ['new Intl.NumberFormat("en").formatRange(1, 2);', 'javascript.builtins.Intl.NumberFormat.formatRange'],
    ['[1].values().map(Number);', 'javascript.builtins.Iterator.map'],
    ['new CSSStyleSheet();', 'api.CSSStyleSheet.CSSStyleSheet'],
    ['/(?<=a)b/.test("c");', 'javascript.regular_expressions.lookbehind_assertion'],
    ['/(?i:a)b/.test("c");', 'javascript.regular_expressions.modifier'],
    ['/[\\p{L}--[a]]/v.test("c");', 'javascript.builtins.RegExp.unicodeSets'],
  ];
  const content = lines.map(([line]) => line).join('\n');
  assert.deepEqual(
    found(t, 'new.js', content),
    lines.map(([, name]) => name),
  );
});

test('what the floor has is not found', (t) => {
  const content =
    'structuredClone(1); [1].at(0); Object.hasOwn({}, "a"); new AbortController().signal.throwIfAborted();' +
    'document.body.replaceChildren(); new Intl.ListFormat("en").format([]); fetch("x"); "a".replaceAll("a", "b");';
  assert.deepEqual(found(t, 'old.js', content), []);
});

test('style that came after the floor is found, unless old browsers have something else', (t) => {
  const lines = [
    ['a:has(b) { color: red }', 'css.selectors.has'],
    ['a { color: color-mix(in srgb, red, blue) }', 'css.types.color.color-mix'],
    ['a { height: 100dvh }', 'css.types.length.viewport_percentage_units_dynamic'],
    ['a { user-select: none }', 'css.properties.user-select'],
    ['a { width: 1px; animation-timeline: auto }', 'css.properties.animation-timeline'],
    ['@container (width > 1px) { a { color: red } }', 'css.at-rules.container'],
    ['a { color: red; color: color-mix(in srgb, red, blue) }', null],
    ['@supports selector(:has(b)) { a:has(b) { color: red } }', null],
    ['a:hover { display: grid; inset: 0; width: min(1px, 2px) }', null],
  ];
  for (const [content, name] of lines) assert.equal(found(t, 'new.css', content)[0] ?? null, name, content);
});

test('the built files may hold no such member of a global, and no syntax that the build cannot lower', (t) => {
  for (const [content, name] of [
    ['Promise.withResolvers()', /Promise\.withResolvers/],
    ['AbortSignal.any([])', /AbortSignal\.any_static/],
    ['class A { static { f() } }', /initialization_blocks/],
    ['/(?<=a)b/.test(c)', /lookbehind/],
    ['RegExp(`(?<=a)b`,``).test(c)', /lookbehind/], // as the build writes it
  ])
    assert.throws(() => checkBundle(write(t, 'built.js', content)), name);
  checkBundle(write(t, 'built.js', 'Object.hasOwn(a,"b");/(?:a)(?<n>b)/.test(c);class A{#b=1}'));
});
