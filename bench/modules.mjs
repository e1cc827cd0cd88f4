/** Prints JSON: bytes of each module of the page's script, minified and gzip, by itself; packages as one. */
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';

const require = createRequire(`${process.cwd()}/client/package.json`);
const { build } = await import(require.resolve('vite'));
const { minifySync } = await import(require.resolve('rolldown/utils'));

/** @type {Map<string, string>} */
const found = new Map();
await build({
  configFile: false,
  root: 'client',
  logLevel: 'error',
  build: { target: 'es2022', write: false, modulePreload: { polyfill: false } },
  plugins: [
    {
      name: 'modules',
      generateBundle(_, bundle) {
        for (const chunk of Object.values(bundle)) {
          for (const [id, module] of Object.entries(chunk.modules ?? {})) {
            if (!module.code) continue;
            const name =
              /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1] ?? id.slice(id.indexOf('client/'));
            found.set(name, (found.get(name) ?? '') + module.code);
          }
        }
      },
    },
  ],
});
const sizes = [...found].map(([name, code]) => [
  name,
  gzipSync(minifySync(`${name}.js`, code, { compress: { unused: false }, mangle: { toplevel: true } }).code, {
    level: 9,
  }).length,
]);
console.log(JSON.stringify(Object.fromEntries(sizes.sort((a, b) => b[1] - a[1]))));
