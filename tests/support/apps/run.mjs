/**
 * Runs a program as an app does: bundled with the built library, in a context that has ECMAScript, timers and the
 * platform's own, and nothing of a browser. Reads an order as JSON, and prints what came of it as JSON.
 *
 * An order: `platform`, `program` (a module whose only imports are of the library), `given` (its globals), `files` (what
 * a user chooses), `domains`, `lost` and `progress` (conditions of the platform), and `abortAfter`: the bytes of a form
 * after which `heard.abort` is called.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { miniProgram } from './mini-program.mjs';
import { reactNative } from './react-native.mjs';

const CLIENT = new URL('../../../client/', import.meta.url);
const { resolve } = createRequire(new URL('package.json', CLIENT));
const { rolldown } = await import(pathToFileURL(createRequire(resolve('vite')).resolve('rolldown')).href);
// WeChat's own wrapper hides these names of its page from a mini program's modules
const HIDDEN = ['globalThis', 'window', 'document', 'navigator', 'location', 'fetch', 'self'];

/** @param {string} program @returns {Promise<string>} one script */
async function bundled(program) {
  const bundle = await rolldown({
    input: 'program',
    plugins: [
      {
        name: 'library',
        resolveId: (name) =>
          name === 'program'
            ? name
            : fileURLToPath(new URL(`lib/${/[\w-]+(?=(\.js)?$)/.exec(name)[0]}.js`, CLIENT)),
        load: (name) => (name === 'program' ? program : readFileSync(name, 'utf8')),
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'iife', name: 'exported' });
  return output[0].code;
}

const order = JSON.parse(await text(process.stdin));
const calls = [];
const states = [];
const heard = { abort: () => {} };
const conditions = {
  domains: order.domains,
  lost: order.lost,
  progress: order.progress,
  sent: (bytes) => order.abortAfter && bytes >= order.abortAfter && heard.abort(),
};
const network =
  order.platform === 'react-native'
    ? reactNative(conditions, calls)
    : { [order.platform === 'wechat' ? 'wx' : 'uni']: miniProgram(conditions, calls) };
const outcome = await new Promise((finish) => {
  const given = { ...order.given, heard, report: (state) => states.push(state), finish };
  if (order.files)
    for (const api of ['chooseMessageFile', 'chooseImage'])
      Object.assign(network.wx ?? network.uni ?? {}, {
        [api]: ({ success }) => setImmediate(success, { tempFiles: order.files }),
      });
  const context = vm.createContext({ ...network, ...given, setTimeout, clearTimeout });
  bundled(order.program).then((script) => vm.runInContext(`(function (${HIDDEN}) { ${script} })()`, context));
});
console.log(JSON.stringify({ ...outcome, states, calls }));
