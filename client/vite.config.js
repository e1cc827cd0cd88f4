/**
 * Builds `dist/`, which the site bucket serves. File names have a hash, except index.html and the files of public/. No
 * address of a bucket or function is built in. `library.js` builds `lib/`, and checks both.
 */
import { readFileSync } from 'node:fs';
import { defineConfig } from 'vite';
import { TARGETS } from './browsers.js';

/**
 * Has the page's script take the connection that its HTML came by. In the order of the page a small file would take it,
 * and the script a new one, which needs two round trips more.
 *
 * @type {import('vite').Plugin}
 */
const scriptFirst = {
  name: 'script-first',
  transformIndexHtml: {
    order: 'post',
    handler: (html) => {
      const [, address = ''] = /<script type="module" crossorigin src="([^"]+)"/.exec(html) ?? [];
      return html.replace('  <title', `  <link rel="modulepreload" crossorigin href="${address}">\n  <title`);
    },
  },
};

/**
 * Leaves Uppy's Chinese texts out that belong to plugins which the page has not.
 *
 * @type {import('vite').Plugin}
 */
const usedTexts = {
  name: 'used-texts',
  transform(code, id) {
    if (!id.endsWith('/@uppy/locales/lib/zh_CN.js')) return null;
    const used = ['core', 'dashboard'].map((name) =>
      readFileSync(new URL(`node_modules/@uppy/${name}/lib/locale.js`, import.meta.url), 'utf8'),
    );
    const names = new Set(
      used
        .join('')
        .match(/^ {8}\w+(?=:)/gm)
        ?.map((name) => name.trim()),
    );
    return code.replace(/^ {4}(\w+): (?:'.*',|\{$[^}]*\},)$/gm, (text, name) =>
      names.has(name) ? text : '',
    );
  },
};

/** Leaves out Uppy's styles of lists of files elsewhere, such as Dropbox: the page has no plugin for any. */
const usedStyles = {
  postcssPlugin: 'used-styles',
  Once: (/** @type {any} */ root) =>
    root.walkRules((/** @type {{selectors: string[], remove: () => void}} */ rule) => {
      const used = rule.selectors.filter((selector) => !/\.uppy-(Search)?Provider/.test(selector));
      if (used.length === 0) rule.remove();
      else if (used.length < rule.selectors.length) rule.selectors = used;
    }),
};

/**
 * Leaves out what loads the styles and imports of a part ahead of it: parts that are loaded later have none.
 *
 * @type {import('vite').Plugin}
 */
const plainImports = {
  name: 'plain-imports',
  enforce: 'pre',
  load: (id) => (id === '\0vite/preload-helper.js' ? 'export const __vitePreload = (load) => load();' : null),
};

export default defineConfig({
  plugins: [scriptFirst, usedTexts, plainImports],
  css: { postcss: { plugins: [usedStyles] } },
  base: './', // the page works in any folder
  build: {
    target: TARGETS,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    license: { fileName: 'assets/licenses.md' },
  },
});
