/**
 * The languages of the page, and how a text is found: by an error code, or by its place in index.html.
 */
import * as english from './en.js';
import * as chinese from './zh.js';

/** @typedef {'en' | 'zh'} Language */
/** @typedef {typeof english.texts} Texts */

/** @type {Record<Language, Texts>} */
export const TEXTS = { en: english.texts, zh: chinese.texts };

/** Uppy's own texts. */
export const UPPY_LOCALES = { en: english.uppyLocale, zh: chinese.uppyLocale };

/**
 * The language to begin with.
 *
 * @param {string | null} remembered  from an earlier visit
 * @param {readonly string[]} preferred  the browser's list, such as `zh-CN`
 * @returns {Language}
 */
export function firstLanguage(remembered, preferred) {
  if (remembered === 'en' || remembered === 'zh') return remembered;
  const known = preferred
    .map((tag) => tag.toLowerCase().split('-')[0])
    .find((tag) => tag === 'en' || tag === 'zh');
  return known === 'zh' ? 'zh' : 'en';
}

/** @param {Texts} texts @param {string} path  such as `signIn.go` @returns {string} */
export function textAt(texts, path) {
  /** @type {unknown} */
  let found = texts;
  for (const name of path.split('.')) found = /** @type {Record<string, unknown>} */ (found)[name];
  return String(found);
}

/**
 * One sentence for an error code.
 *
 * @param {Texts} texts
 * @param {string} code
 * @param {number} status
 * @returns {string}
 */
export function sentenceFor(texts, code, status) {
  if (code === 'unreadable' && status) return texts.changed; // it is stored
  const codes = /** @type {Record<string, string>} */ (texts.codes);
  if (Object.hasOwn(codes, code)) return codes[code] ?? '';
  if (/^(object_differs|size_differs|etag_differs|object_encoded|storage_class_differs)$/.test(code))
    return texts.differs;
  return status >= 500 || status < 400 ? texts.brokenWith(status) : texts.refusedWith(status);
}
