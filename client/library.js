/**
 * Builds `lib/` for other people's pages: upload.js, resume.js and the Uppy uploader. Then checks that these and the page in `dist/`
 * are small enough, and have nothing that the oldest browsers lack.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { TARGETS } from './browsers.js';
import { checkBundle } from './floor.js';

const PAGE_MAX_BYTES = 120_000; // all JS and CSS, gzip; 2,200 of them are class fields written for Safari 15.4
const UPLOAD_MAX_BYTES = 7 * 1024; // upload.js alone, gzip

for (const [nth, entry] of ['src/lib/upload.js', 'src/lib/resume.js', 'src/lib/uppy-oss.js'].entries())
  await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    build: {
      target: TARGETS,
      outDir: 'lib',
      emptyOutDir: nth === 0,
      lib: { entry, formats: ['es'], fileName: basename(entry, '.js') },
      minify: true,
      rolldownOptions: { external: [/^@uppy\//, './upload.js'], output: { minify: true, comments: false } },
    },
  });
for (const file of [...filesIn('dist/assets', /\.js$/), ...filesIn('lib', /\.js$/)]) checkBundle(file);
checkSize('the page', filesIn('dist/assets', /\.(js|css)$/), PAGE_MAX_BYTES);
checkSize('upload.js', ['lib/upload.js'], UPLOAD_MAX_BYTES);

/** @param {string} folder @param {RegExp} pattern @returns {string[]} */
function filesIn(folder, pattern) {
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name));
}

/** @param {string} what @param {string[]} files @param {number} maxBytes @throws {Error} */
function checkSize(what, files, maxBytes) {
  const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(file), { level: 9 }).length, 0);
  console.log(`${what}: ${bytes} of ${maxBytes} bytes, gzip`);
  if (bytes > maxBytes) throw new Error(`${what} is larger than its budget`);
}
