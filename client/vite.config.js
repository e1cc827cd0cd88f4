/**
 * Builds `dist/`, which the site bucket serves. File names have a hash, except index.html and the files of public/. No
 * address of a bucket or function is built in. `library.js` builds `lib/`, and checks both.
 */
import { defineConfig } from 'vite';
import { TARGETS } from './browsers.js';

export default defineConfig({
  base: './', // the page works in any folder
  build: {
    target: TARGETS,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    license: { fileName: 'assets/licenses.md' },
  },
});
