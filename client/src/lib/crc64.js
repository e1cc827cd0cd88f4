/**
 * CRC-64 as OSS writes it in `x-oss-hash-crc64ecma`: ECMA-182, reflected (catalogued as CRC-64/XZ). The bytes go through
 * two 32-bit words, eight at a time ("slicing by eight"): BigInt would be forty times slower.
 */

const POLYNOMIAL = 0xc96c5795d7870f42n; // reflected: the highest bit is the coefficient of x^0
const ONE = 1n << 63n; // the polynomial x^0
const ENTRIES = 256 * 8;
/** @typedef {{[n: number]: any, length: number}} Words  not `number`, which TypeScript takes for a number or nothing */
/** @type {Words} */
const HIGH = new Int32Array(ENTRIES);
/** @type {Words} */
const LOW = new Int32Array(ENTRIES);
for (let byte = 0; byte < 256; byte += 1) {
  let high = 0;
  let low = byte;
  for (let n = byte; n < ENTRIES; n += 256) {
    for (let bit = 0; bit < 8; bit += 1) {
      const odd = -(low & 1);
      low = ((low >>> 1) | (high << 31)) ^ (odd & 0xd7870f42);
      high = (high >>> 1) ^ (odd & 0xc96c5795);
    }
    HIGH[n] = high;
    LOW[n] = low;
  }
}

/**
 * The CRC of bytes that come one after another.
 *
 * @returns {{update: (buffer: ArrayBuffer) => void, text: () => string}} `update` takes some milliseconds for 1 MiB;
 *   `text` is a decimal number, as OSS writes it
 */
export function crc64() {
  let high = -1;
  let low = -1;
  return {
    update(buffer) {
      [high, low] = after(buffer, high, low);
    },
    text: () => ((BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0)).toString(),
  };
}

/** @param {ArrayBuffer} buffer @param {number} highBefore @param {number} lowBefore @returns {[number, number]} */
function after(buffer, highBefore, lowBefore) {
  /** @type {Words} as all browsers' machines are little-endian */
  const words = new Int32Array(buffer, 0, 2 * (buffer.byteLength >>> 3));
  let high = highBefore;
  let low = lowBefore;
  for (let n = 0; n < words.length; n += 2) {
    const a = low ^ words[n];
    const b = high ^ words[n + 1];
    low = afterEight(LOW, a, b);
    high = afterEight(HIGH, a, b);
  }
  for (const byte of new Uint8Array(buffer, 4 * words.length)) {
    const n = (low ^ byte) & 255;
    low = ((low >>> 8) | (high << 24)) ^ LOW[n];
    high = (high >>> 8) ^ HIGH[n];
  }
  return [high, low];
}

/** @param {Words} table @param {number} a @param {number} b @returns {number} of the next CRC, the word that the table is for */
function afterEight(table, a, b) {
  return (
    table[1792 + (a & 255)] ^
    table[1536 + ((a >>> 8) & 255)] ^
    table[1280 + ((a >>> 16) & 255)] ^
    table[1024 + (a >>> 24)] ^
    table[768 + (b & 255)] ^
    table[512 + ((b >>> 8) & 255)] ^
    table[256 + ((b >>> 16) & 255)] ^
    table[b >>> 24]
  );
}

/**
 * The CRC of a whole from those of its parts, by arithmetic with polynomials (as zlib's `crc32_combine`).
 *
 * @param {string[]} crcs  of the parts in order
 * @param {number} partBytes  of each part but the last
 * @param {number} lastBytes
 * @returns {string}
 */
export function combine(crcs, partBytes, lastBytes) {
  const [shift, lastShift] = [shiftBy(partBytes), shiftBy(lastBytes)];
  return crcs
    .map(BigInt)
    .reduce((whole, crc, n) => times(whole, n === crcs.length - 1 ? lastShift : shift) ^ crc, 0n)
    .toString();
}

/** @param {number} bytes @returns {bigint} x^(8 * bytes) */
function shiftBy(bytes) {
  let result = ONE;
  let power = ONE >> 8n; // x^8
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2) result = times(result, power);
    power = times(power, power);
  }
  return result;
}

/** @param {bigint} a @param {bigint} b @returns {bigint} their product, modulo the CRC's polynomial */
function times(a, b) {
  let product = 0n;
  let shifted = b;
  for (let bit = ONE; bit > 0n; bit >>= 1n) {
    if (a & bit) product ^= shifted;
    shifted = (shifted >> 1n) ^ (shifted & 1n && POLYNOMIAL);
  }
  return product;
}
