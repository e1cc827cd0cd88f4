import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { combine, crc64 } from '../../client/src/lib/crc64.js';

const { etag: VECTORS } = JSON.parse(
  readFileSync(new URL('../vectors/multipart_etag_crc64.json', import.meta.url), 'utf8'),
);

/** The CRC of pieces, as decimal text. */
function crcOf(...pieces) {
  const crc = crc64();
  for (const piece of pieces) crc.update(new Uint8Array(piece).buffer);
  return crc.text();
}

/** The bytes of a part in the vectors. */
const bytesOf = ({ text, byte, size }) =>
  text === undefined ? new Uint8Array(size).fill(byte ?? 0) : new TextEncoder().encode(text);

test('the check value of the catalogue, as OSS writes it', () => {
  assert.equal(crcOf(new TextEncoder().encode('123456789')), String(0x995dc9bbdf1939fan));
  assert.equal(crcOf(), '0');
});

for (const { name, parts, part_crc64: expected, crc64: ofWhole } of VECTORS.filter((vector) => vector.crc64))
  test(`parts and whole of ${name} are as others have computed them`, () => {
    const found = parts.map((part) => crcOf(bytesOf(part)));
    assert.deepEqual(found, expected);
    assert.equal(crcOf(...parts.map(bytesOf)), ofWhole);
    const whole = found.reduce((crc, part, nth) => combine([crc, part], 0, parts[nth].size));
    assert.equal(whole, ofWhole);
  });

test('however the bytes are cut, and whatever their length, the result is the same', () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, n) => (n * 151) >> 2);
  const slow = (all) => {
    let crc = 2n ** 64n - 1n;
    for (const byte of all) {
      crc ^= BigInt(byte);
      for (let bit = 0; bit < 8; bit += 1) crc = (crc >> 1n) ^ (crc & 1n ? 0xc96c5795d7870f42n : 0n);
    }
    return String(crc ^ (2n ** 64n - 1n));
  };
  for (const length of [0, 1, 7, 8, 9, 63, 64, 65, 1000])
    assert.equal(crcOf(bytes.slice(0, length)), slow(bytes.slice(0, length)));
  for (const at of [1, 7, 8, 333, 999]) {
    assert.equal(crcOf(bytes.slice(0, at), bytes.slice(at)), slow(bytes));
    assert.equal(combine([crcOf(bytes.slice(0, at)), crcOf(bytes.slice(at))], at, 1000 - at), slow(bytes));
  }
});

test('the whole of many parts, each larger than 4 GiB, is combined without their bytes', () => {
  const zeros = combine(Array(8).fill(crcOf(new Uint8Array(1024))), 1024, 1024);
  assert.equal(zeros, crcOf(new Uint8Array(8192)));
  const large = 5 * 1024 ** 3;
  const halves = combine([combine(['7', '9'], large, large), '11'], large, large);
  assert.equal(combine(['7', '9', '11'], large, large), halves);
});
