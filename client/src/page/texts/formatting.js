/**
 * Sizes and media types, as the texts of every language show them.
 */

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];
const UNKNOWN_TYPE = 'application/octet-stream';

/** @param {number} bytes @returns {string} in steps of 1024, such as `4.8 MB` */
export function sizeInWords(bytes) {
  const step = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** step;
  return `${Number(value.toFixed(value < 100 ? 1 : 0))} ${UNITS[step]}`;
}

/** @param {number[]} sizes  bytes @returns {string[]} exact ones where rounding would make two of them look the same */
export function distinctSizes(...sizes) {
  const words = sizes.map(sizeInWords);
  return new Set(words).size === sizes.length ? words : sizes.map((size) => `${size.toLocaleString('en')} B`);
}

/**
 * @param {string[]} types
 * @param {Record<string, string>} names  of types that have an everyday name
 * @returns {string[]} each name once, that of files of no known type last
 */
export function listOfNames(types, names) {
  const found = new Set(types.map((type) => (Object.hasOwn(names, type) && names[type]) || type));
  const unknown = names[UNKNOWN_TYPE] ?? '';
  return found.delete(unknown) ? [...found, unknown] : [...found];
}

/** @param {string} type @returns {boolean} false if neither the browser nor the file's name tells the type */
export function isKnownType(type) {
  return type !== '' && type !== UNKNOWN_TYPE;
}
