/**
 * Builds the pages of this folder, with the examples beside them, as an application of the reader's would be built.
 * tests/flow/test_bindings.py copies everything into one folder, where it calls Vite.
 */
import { compileScript, parse } from 'vue/compiler-sfc';

/** Vue's files in one module each: what Vue's own plugin does for an application, but for styles and hot reload. */
const vue = {
  name: 'vue',
  config: () => ({
    define: {
      __VUE_OPTIONS_API__: true,
      __VUE_PROD_DEVTOOLS__: false,
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: false,
    },
  }),
  transform(code, id) {
    if (!id.endsWith('.vue')) return null;
    const { descriptor } = parse(code, { filename: id });
    return compileScript(descriptor, { id, inlineTemplate: true }).content;
  },
};

const PAGES = ['react', 'hook', 'vue', 'antd', 'element-plus'];

export default ({ isSsrBuild }) => ({
  base: './',
  logLevel: 'error',
  plugins: [vue],
  build: {
    outDir: isSsrBuild ? 'server' : 'pages',
    minify: false,
    ...(!isSsrBuild && { rolldownOptions: { input: PAGES.map((name) => `${name}.html`) } }),
  },
});
