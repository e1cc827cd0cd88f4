/**
 * Builds `lib/` for other people's pages and apps: upload.js, resume.js and the Uppy uploader; apps.js and its
 * transports. Then checks that these and the page in `dist/` are small enough, and have nothing that the oldest
 * browsers lack.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { APP_TARGET, TARGETS } from './browsers.js';
import { checkBundle } from './floor.js';

const PAGE_MAX_BYTES = 120_000; // JS and CSS that index.html names, gzip; 2,200 of them are class fields written for Safari 15.4
const LATER_MAX_BYTES = 7 * 1024; // what the page loads only when it is needed, gzip
const UPLOAD_MAX_BYTES = 7 * 1024; // upload.js alone, gzip
const APPS_MAX_BYTES = 5 * 1024; // apps.js alone, gzip
const TRANSPORT_MAX_BYTES = 1.5 * 1024; // each transport of an app, gzip
const FOR_PAGES = ['upload', 'resume', 'uppy-oss'].map((name) => `src/lib/${name}.js`);
const FOR_APPS = ['apps', 'wechat', 'uni-app', 'react-native'].map((name) => `src/apps/${name}.js`);
const MISSING_IN_APPS = ['AbortController', 'queueMicrotask']; // globals
const ABSENT_IN_APPS = ['browser-transport', 'checksum', 'multipart', 'parts'].map((name) => `./${name}.js`); // of src/lib
const SOURCES_OF_APPS = `${import.meta.dirname}/src/apps`;

const inject = Object.fromEntries(
  MISSING_IN_APPS.map((name) => [name, [`${SOURCES_OF_APPS}/ponyfills.js`, name]]),
);
/** @type {import('vite').Plugin} */
const withoutDom = {
  name: 'without-dom',
  enforce: 'pre',
  resolveId: (name) => (ABSENT_IN_APPS.includes(name) ? `${SOURCES_OF_APPS}/absent.js` : null),
};

for (const [nth, entry] of [...FOR_PAGES, ...FOR_APPS].entries()) {
  const isForApps = FOR_APPS.includes(entry);
  await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    plugins: isForApps ? [withoutDom] : [],
    build: {
      target: isForApps ? APP_TARGET : TARGETS,
      outDir: 'lib',
      emptyOutDir: nth === 0,
      lib: { entry, formats: ['es'], fileName: basename(entry, '.js') },
      minify: true,
      rolldownOptions: {
        external: [/^@uppy\//, './upload.js', './apps.js'],
        transform: isForApps ? { inject } : {},
        output: { minify: true, comments: false },
      },
    },
  });
}
for (const file of [...filesIn('dist/assets', /\.js$/), ...filesIn('lib', /\.js$/)]) checkBundle(file);
const inPage = filesIn('dist/assets', /\.(js|css)$/);
const html = readFileSync('dist/index.html', 'utf8');
const isFirst = (/** @type {string} */ file) => html.includes(basename(file));
checkSize('the page', inPage.filter(isFirst), PAGE_MAX_BYTES);
checkSize(
  'loaded later',
  inPage.filter((file) => !isFirst(file)),
  LATER_MAX_BYTES,
);
checkSize('upload.js', ['lib/upload.js'], UPLOAD_MAX_BYTES);
checkSize('apps.js', ['lib/apps.js'], APPS_MAX_BYTES);
for (const entry of FOR_APPS.slice(1))
  checkSize(basename(entry), [`lib/${basename(entry)}`], TRANSPORT_MAX_BYTES);

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
