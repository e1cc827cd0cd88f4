/** Prints JSON: bytes of each script that uploads in parts, as one bundle, minified and gzip. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';

const require = createRequire(`${process.cwd()}/client/package.json`);
const { build } = await import(require.resolve('vite'));

const UPPY = `export { default as Uppy } from '@uppy/core';\nexport { default as AwsS3 } from '@uppy/aws-s3';\n`;

const { output } = await build({
  configFile: false,
  root: 'bench',
  logLevel: 'error',
  build: {
    target: 'es2022',
    write: false,
    lib: { entry: 'uppy', formats: ['es'], fileName: 'uppy' },
    minify: true,
  },
  plugins: [
    {
      name: 'entry',
      resolveId: (id) => (id.endsWith('/uppy') || id === 'uppy' ? '\0uppy' : null),
      load: (id) => (id === '\0uppy' ? UPPY : null),
    },
  ],
}).then((made) => (Array.isArray(made) ? made[0] : made));

/** @param {string | Uint8Array} code */
const bytes = (code) => gzipSync(code, { level: 9 }).length;

console.log(
  JSON.stringify({
    'upload.js': bytes(readFileSync('client/lib/upload.js')),
    '@uppy/core and @uppy/aws-s3': bytes(output[0].code),
    'ali-oss': bytes(readFileSync('bench/node_modules/ali-oss/dist/aliyun-oss-sdk.min.js')),
  }),
);
