import assert from 'node:assert/strict';
import test from 'node:test';
import { mayShrink } from '../../client/src/page/settings.js';
import { SmallerImages, shrinkingIn, typeOfPhoto } from '../../client/src/page/smaller-images.js';
import { turn } from './scripted-network.mjs';

const bytes = (...parts) =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'string' ? [...part].map((c) => c.charCodeAt(0)) : part)),
  );
const chunk = (name, length = 0) =>
  bytes([0, 0, length >> 8, length & 255], name, Array(length).fill(0), [0, 0, 0, 0]);
const png = (colour, ...chunks) => {
  const header = chunk('IHDR', 13);
  header[17] = colour;
  return bytes('\x89PNG\r\n\x1a\n', [...header], ...chunks.map((one) => [...one]));
};
const webp = (name, flags = 0) => bytes('RIFF\0\0\0\0WEBP', name, [10, 0, 0, 0], [flags, 0, 0, 0]);
const JPEG = bytes([0xff, 0xd8, 0xff, 0xe0]);

test('an image is made smaller unless it is transparent or animated', () => {
  for (const [what, header, type] of [
    ['a JPEG', JPEG, 'image/jpeg'],
    ['an RGB PNG', png(2, chunk('IDAT')), 'image/png'],
    ['a PNG with a colour profile', png(2, chunk('iCCP', 3000), chunk('IDAT')), 'image/png'],
    ['a grey PNG', png(0, chunk('IDAT')), 'image/png'],
    ['a PNG with a palette', png(3, chunk('PLTE', 6), chunk('IDAT')), 'image/png'],
    ['a PNG with alpha', png(6, chunk('IDAT')), ''],
    ['a grey PNG with alpha', png(4, chunk('IDAT')), ''],
    ['a PNG with a transparent colour', png(3, chunk('PLTE', 6), chunk('tRNS', 1), chunk('IDAT')), ''],
    ['an animated PNG', png(2, chunk('acTL', 8), chunk('IDAT')), ''],
    ['a PNG without pixels', png(2, chunk('iCCP', 3000)), ''],
    ['a PNG that is cut off', png(2).subarray(0, 20), ''],
    ['a WebP', webp('VP8 '), 'image/webp'],
    ['a WebP with EXIF', webp('VP8X', 0x08), 'image/webp'],
    ['a WebP with alpha', webp('VP8X', 0x10), ''],
    ['an animated WebP', webp('VP8X', 0x02), ''],
    ['a WebP without losses', webp('VP8L'), ''],
    ['a WebP that is cut off', webp('VP8X').subarray(0, 20), ''],
    ['a sound', bytes('RIFF\0\0\0\0WAVEfmt '), ''],
    ['a GIF', bytes('GIF89a'), ''],
    ['an SVG', bytes('<svg xmlns='), ''],
    ['a HEIC', bytes([0, 0, 0, 24], 'ftypheic'), ''],
    ['nothing', bytes(), ''],
  ])
    assert.equal(typeOfPhoto(header), type, what);
});

test('small files, huge ones and other types are not tried', () => {
  for (const [type, size, tried] of [
    ['image/jpeg', 102_400, true],
    ['image/jpeg', 102_399, false],
    ['image/png', 104_857_600, true],
    ['image/webp', 104_857_601, false],
    ['image/jpeg', null, false],
    ['image/gif', 1_000_000, false],
    ['image/svg+xml', 1_000_000, false],
    ['image/heic', 1_000_000, false],
    ['application/pdf', 1_000_000, false],
  ])
    assert.equal(mayShrink({ type, size }), tried, `${type} ${size}`);
});

test('the option is true, or says what is not the default', () => {
  assert.deepEqual(shrinkingIn(true), { maxSide: 2560, quality: 0.8 });
  assert.deepEqual(shrinkingIn({ maxSide: 1600 }), { maxSide: 1600, quality: 0.8 });
  assert.deepEqual(shrinkingIn({ quality: 1, maxSide: 4096 }), { maxSide: 4096, quality: 1 });
  for (const wrong of [
    'yes',
    1600,
    [],
    { maxSide: 0 },
    { maxSide: 4097 },
    { maxSide: 1.5 },
    { maxSide: '1600' },
    { quality: 0 },
    { quality: 80 },
    { quality: '1' },
    { maxWidth: 1600 },
  ])
    assert.throws(() => shrinkingIn(wrong), /shrinkImages/, JSON.stringify(wrong));
});

const photo = (name = 'a.jpg', size = 1000) => {
  const content = new Uint8Array(size);
  content.set(JPEG);
  return new File([content], name, { type: 'image/jpeg', lastModified: 7 });
};

/** Images of a page where all files are wanted, unless `chosen` is changed; what `onReady` was called with. */
function open(compress) {
  const chosen = new Set();
  const ready = [];
  const images = new SmallerImages(compress, {
    isWanted: (id) => chosen.has(id),
    onReady: (id, file) => ready.push([id, file]),
  });
  const add = (id, file) => {
    chosen.add(id);
    images.add(id, file, 'image/jpeg');
  };
  return { add, chosen, images, ready };
}

test('the smaller image has the name and date of the chosen one', async () => {
  const { add, images, ready } = open(async (_, type) => new Blob(['x'.repeat(900)], { type }));
  add('a', photo());
  await images.ready('a');
  const [[id, { name, type, size, lastModified }]] = ready;
  assert.deepEqual(
    { id, name, type, size, lastModified },
    { id: 'a', name: 'a.jpg', type: 'image/jpeg', size: 900, lastModified: 7 },
  );
  assert.equal(images.made(ready[0][1]), true);
  assert.equal(images.made(photo()), false);
  assert.equal(images.ready('a'), null);
});

test('an image stays as it is if it gets hardly smaller, of another type, or is broken', async () => {
  const other = photo('a.jpg');
  for (const [what, file, compress] of [
    ['hardly smaller', photo(), async (_, type) => new Blob(['x'.repeat(901)], { type })],
    ['another type', photo(), async () => new Blob(['x'], { type: 'image/png' })],
    ['no image', photo(), async () => null],
    ['broken', photo(), async () => Promise.reject(new Error('Failed to load the image.'))],
    ['not what its name says', new File(['x'.repeat(1000)], 'a.jpg'), async () => new Blob()],
    ['gone', Object.assign(other, { slice: () => ({ arrayBuffer: () => Promise.reject(new Error()) }) })],
  ]) {
    const { add, images, ready } = open(compress);
    add('a', file);
    await images.ready('a');
    assert.deepEqual(ready, [['a', file]], what);
    assert.equal(images.made(file), false, what);
  }
});

test('an image that the browser never draws is sent as it is after half a minute', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { add, images, ready } = open(() => new Promise(() => {}));
  const file = photo();
  add('a', file);
  await turn();
  t.mock.timers.tick(29_999);
  await turn();
  assert.deepEqual(ready, []);
  t.mock.timers.tick(1);
  await images.ready('a');
  assert.deepEqual(ready, [['a', file]]);
});

test('images are made smaller one after the other, and those that were removed not at all', async () => {
  const begun = [];
  const ends = [];
  const { add, chosen, images, ready } = open((file, type) => {
    begun.push(file.name);
    return new Promise((resolve) => {
      ends.push(() => resolve(new Blob(['x'], { type })));
    });
  });
  for (const name of ['a', 'b', 'c']) add(name, photo(name));
  await turn();
  assert.deepEqual(begun, ['a']);
  chosen.delete('a'); // while it is drawn
  chosen.delete('b'); // before
  ends[0]();
  await images.ready('b');
  await turn();
  assert.deepEqual(begun, ['a', 'c']);
  ends[1]();
  await images.ready('c');
  assert.deepEqual(
    ready.map(([id]) => id),
    ['c'],
  );
});

test('an image that is removed and chosen again is made smaller again', async () => {
  const { add, images, ready } = open(async (_, type) => new Blob(['x'], { type }));
  add('a', photo());
  add('a', photo());
  await images.ready('a');
  assert.equal(images.ready('a'), null);
  assert.equal(ready.at(-1)[1].size, 1);
});
