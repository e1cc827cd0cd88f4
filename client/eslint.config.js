/**
 * The rules for every JavaScript file of the repository; `npm run lint` runs them from the repository's root, so
 * the patterns below begin there. Types are `tsc`'s to check, the form of the code is Prettier's.
 */
import js from '@eslint/js';
import globals from 'globals';

export default [
  { ignores: ['client/dist/', 'client/lib/', '**/node_modules/'] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: { ecmaVersion: 2022, sourceType: 'module' },
    rules: {
      'array-callback-return': 'error',
      'default-case-last': 'error',
      eqeqeq: 'error',
      'no-else-return': 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-param-reassign': 'error',
      'no-self-compare': 'error',
      'no-shadow': 'error',
      'no-template-curly-in-string': 'error',
      'no-throw-literal': 'error',
      'no-unmodified-loop-condition': 'error',
      'no-unneeded-ternary': 'error',
      'no-unreachable-loop': 'error',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-useless-concat': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'prefer-promise-reject-errors': 'error',
    },
  },
  {
    files: ['client/src/**'],
    languageOptions: { globals: globals.browser },
    rules: { 'max-lines': ['error', 350] },
  },
  {
    files: ['client/src/lib/**'],
    rules: {
      'no-restricted-imports': ['error', { patterns: ['../*'] }], // the library knows no page
      'no-restricted-globals': ['error', 'document', 'window', 'localStorage'], // nor a document
    },
  },
  {
    files: ['client/src/apps/**'],
    rules: {
      'no-restricted-imports': ['error', { patterns: ['../*', '!../lib', '../lib/*', '!../lib/upload.js'] }],
      'no-restricted-globals': ['error', 'document', 'window', 'localStorage', 'navigator', 'globalThis'],
    },
  },
  {
    files: ['client/src/page/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            '../lib/*',
            '!../lib/upload.js',
            '!../lib/uppy-oss.js',
            '!../lib/resume.js',
            '!../lib/timing.js',
            '!../lib/answers.js',
            '!../lib/crc64.js',
          ],
        },
      ],
    },
  },
  {
    files: ['client/public/**'], // classic scripts, which old browsers run
    languageOptions: { ecmaVersion: 5, sourceType: 'script', globals: globals.browser },
    rules: { 'no-var': 'off', 'object-shorthand': 'off', 'prefer-const': 'off' },
  },
  {
    files: ['**/*.jsx'],
    languageOptions: { parserOptions: { ecmaFeatures: { jsx: true } } },
  },
  {
    files: ['examples/**', 'tests/bindings/mount-*'],
    languageOptions: { globals: globals.browser },
  },
  {
    files: ['client/*.js', 'tests/**', 'bench/**', 'examples/{backend,permits}/**'],
    languageOptions: { globals: globals.node },
  },
  {
    files: ['tests/packaging/**'], // pages
    languageOptions: { globals: globals.browser },
  },
];
