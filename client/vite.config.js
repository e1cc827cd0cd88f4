/**
 * Builds `dist/`, what the site bucket serves, and `lib/`, upload.js and the Uppy uploader for other people's pages.
 * Hashed names for all but index.html and what is in public/; no address is known here.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, defineConfig } from 'vite';

const PAGE_MAX_BYTES = 110_000; // all JS and CSS, gzip
const UPLOAD_MAX_BYTES = 4_000; // upload.js alone, gzip

const LIBRARY = ['src/lib/upload.js', 'src/lib/uppy-oss.js'];

export default defineConfig({
  base: './', // the page works in any folder
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    license: { fileName: 'assets/licenses.md' },
  },
  plugins: [
    {
      name: 'library and budgets',
      apply: 'build',
      async closeBundle() {
        await build({
          configFile: false,
          logLevel: 'warn',
          publicDir: false,
          build: {
            target: 'es2022',
            outDir: 'lib',
            lib: { entry: LIBRARY, formats: ['es'] },
            minify: true,
            rolldownOptions: { external: /^@uppy\// },
          },
        });
        within('the page', filesIn('dist/assets', /\.(js|css)$/), PAGE_MAX_BYTES);
        within('upload.js', ['lib/upload.js'], UPLOAD_MAX_BYTES);
      },
    },
  ],
});

/** @param {string} folder @param {RegExp} names @returns {string[]} */
function filesIn(folder, names) {
  return readdirSync(folder)
    .filter((name) => names.test(name))
    .map((name) => join(folder, name));
}

/** @param {string} what @param {string[]} files @param {number} maxBytes */
function within(what, files, maxBytes) {
  const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(file), { level: 9 }).length, 0);
  console.log(`${what}: ${bytes} of ${maxBytes} bytes, gzip`);
  if (bytes > maxBytes) throw new Error(`${what} is larger than its budget`);
}
