/**
 * Makes chosen images smaller before they are sent, where config.json says so: one after the other, while the user
 * looks at what was chosen. No DOM: compressor.js draws them.
 *
 * JPEG, PNG and WebP keep their type, and stay as they are if they are transparent or animated, broken, or would get
 * hardly smaller. Nothing is imported from what the page loads first: the build would take it out of there.
 */
/** @import { FileFacts } from './unfinished.js' */

/**
 * @typedef {{maxSide: number, quality: number}} Shrinking  `maxSide` is the longest side in pixels; `quality` is that
 *   of JPEG and WebP, above 0 and at most 1
 *
 * @typedef {(file: File, type: string) => Promise<Blob | null>} Compress  a smaller image of this type
 */

const DEFAULT = { maxSide: 2560, quality: 0.8 };
const MAX_SIDE = 4096; // a square of these is the largest that iPhones draw
const WORTH_IT = 0.9; // of the image's size: each new encoding loses some of its quality
const HEADER_BYTES = 64 * 1024; // PNG has its marks before the pixels, after a colour profile
const COMPRESS_MS = 30_000;
const ANIMATED_OR_TRANSPARENT = 0x12; // flags of WebP's VP8X
const OPAQUE = [0, 2, 3]; // colour types of PNG: grey, RGB, palette

export class SmallerImages {
  /** @type {Map<string, Promise<void>>} by the id of the chosen file */
  #waiting = new Map();
  /** @type {Promise<void>} */
  #last = Promise.resolve();
  /** @type {Set<string>} what was made smaller on this page */
  #made = new Set();

  /**
   * @param {Compress} compress
   * @param {Object} page
   * @param {(id: string, file: File) => boolean} page.isWanted  whether it is still among the chosen files
   * @param {(id: string, file: File) => void} page.onReady  the smaller file, or the same if it stays as it is
   */
  constructor(compress, page) {
    this.compress = compress;
    this.page = page;
  }

  /** @param {string} id @param {File} file  that was chosen @param {string} type  the one name of it */
  add(id, file, type) {
    const turn = this.#last.then(() => this.#shrink(id, file, type));
    this.#last = turn;
    this.#waiting.set(id, turn);
  }

  /** @param {string} id @returns {Promise<void> | null} null if it is as it will be sent */
  ready(id) {
    return this.#waiting.get(id) ?? null;
  }

  /** @param {FileFacts} file @returns {boolean} whether it was made here: nobody can choose it again */
  made(file) {
    return this.#made.has(factsOf(file));
  }

  /** @param {string} id @param {File} file @param {string} type */
  async #shrink(id, file, type) {
    const turn = this.#waiting.get(id);
    const smaller = this.page.isWanted(id, file) ? await this.#smaller(file, type) : null;
    if (smaller) this.#made.add(factsOf(smaller));
    if (this.#waiting.get(id) === turn) this.#waiting.delete(id);
    if (this.page.isWanted(id, file)) this.page.onReady(id, smaller ?? file);
  }

  /** @param {File} file @param {string} type @returns {Promise<File | null>} null if it stays as it is */
  async #smaller(file, type) {
    try {
      const header = new Uint8Array(await file.slice(0, HEADER_BYTES).arrayBuffer());
      if (typeOfPhoto(header) !== type) return null;
      const made = await Promise.race([this.compress(file, type), late()]);
      if (made?.type !== type || made.size > file.size * WORTH_IT) return null;
      return new File([made], file.name, { type, lastModified: file.lastModified });
    } catch {
      return null; // broken, or the browser cannot draw it
    }
  }
}

/**
 * @param {unknown} option  `shrinkImages` of config.json: `true`, or an object with what is not to be the default
 * @returns {Shrinking}
 * @throws {Error} if it is neither
 */
export function shrinkingIn(option) {
  const { maxSide, quality, ...others } = { ...DEFAULT, ...Object(option) };
  const isObject = typeof option === 'object' && !Array.isArray(option) && Object.keys(others).length === 0;
  const isSide = Number.isInteger(maxSide) && maxSide >= 1 && maxSide <= MAX_SIDE;
  const isQuality = typeof quality === 'number' && quality > 0 && quality <= 1;
  if ((option === true || isObject) && isSide && isQuality) return { maxSide, quality };
  throw new Error(
    `config.json: "shrinkImages" is true, or has "maxSide" from 1 to ${MAX_SIDE} and "quality" above 0 and up to 1`,
  );
}

/**
 * @param {Uint8Array} header  the first 64 KiB of a file
 * @returns {string} the type of an image without transparency and motion; empty for any other file
 */
export function typeOfPhoto(header) {
  if (textAt(header, 0, 3) === '\xff\xd8\xff') return 'image/jpeg';
  if (textAt(header, 0, 8) === '\x89PNG\r\n\x1a\n') return isPlainPng(header) ? 'image/png' : '';
  if (textAt(header, 0, 4) !== 'RIFF' || textAt(header, 8, 4) !== 'WEBP') return '';
  const chunk = textAt(header, 12, 4);
  const isPlain = chunk === 'VP8 ' || (chunk === 'VP8X' && !((header[20] ?? 0xff) & ANIMATED_OR_TRANSPARENT));
  return isPlain ? 'image/webp' : '';
}

/** @param {Uint8Array} header @returns {boolean} false also if what comes before its pixels is too long to tell */
function isPlainPng(header) {
  if (!OPAQUE.includes(header[25] ?? -1)) return false;
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  for (let at = 8; at + 8 <= header.length; at += 12 + view.getUint32(at)) {
    const chunk = textAt(header, at + 4, 4);
    if (chunk === 'IDAT') return true;
    if (chunk === 'tRNS' || chunk === 'acTL') return false; // transparent, animated
  }
  return false;
}

/** @param {Uint8Array} bytes @param {number} from @param {number} length @returns {string} a character for each byte */
function textAt(bytes, from, length) {
  return String.fromCharCode(...bytes.subarray(from, from + length));
}

/** @returns {Promise<null>} */
function late() {
  return new Promise((resolve) => {
    setTimeout(resolve, COMPRESS_MS, null);
  });
}

/** @param {FileFacts} file */
function factsOf({ name, size, lastModified }) {
  return JSON.stringify([name, size, lastModified]);
}
