/**
 * Writes a declaration for each file in `lib/`, so that each built file can be copied with its types. `tsc` has
 * written one declaration file per module into the folder given; here the modules that upload.js re-exports are put
 * into its own.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import ts from 'typescript';

const [folder] = process.argv.slice(2);

writeFileSync('lib/upload.d.ts', flattened('./upload.js').join('\n\n') + '\n');
for (const name of [
  'lib/resume',
  'lib/uppy-oss',
  'apps/apps',
  'apps/wechat',
  'apps/uni-app',
  'apps/react-native',
])
  copyDeclaration(name);
assertValid(
  readdirSync('lib')
    .filter((name) => name.endsWith('.d.ts'))
    .map((name) => `lib/${name}`),
);

/** @param {string} name  whose types come from upload.js and apps.js only */
function copyDeclaration(name) {
  const text = readFileSync(`${folder}/${name}.d.ts`, 'utf8');
  writeFileSync(`lib/${basename(name)}.d.ts`, text.replaceAll('../lib/', './'));
}

/** @param {string} module @returns {string[]} its declarations and those that it re-exports */
function flattened(module) {
  return statementsOf(module).flatMap((statement) => {
    const source = statement.moduleSpecifier?.text;
    if (!source?.startsWith('./')) return textOf(statement);
    if (ts.isImportDeclaration(statement)) return [];
    const names = statement.exportClause?.elements.map(({ name }) => name.text); // none: `export *`
    return statementsOf(source)
      .filter((one) => !one.moduleSpecifier && (!names || names.includes(nameOf(one))))
      .map(textOf);
  });
}

/** @param {string} module @returns {any[]} */
function statementsOf(module) {
  const path = `${folder}/lib/${module.replace(/\.js$/, '.d.ts')}`;
  return [...ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true).statements];
}

/** @param {any} statement @returns {string} with its comment, but for `@import`, whose types are in the same file */
function textOf(statement) {
  return statement
    .getFullText()
    .replace(/^\/\*\* @import .*\n/gm, '')
    .trim();
}

/** @param {any} declaration @returns {string} */
function nameOf({ name, declarationList }) {
  return (name ?? declarationList?.declarations[0].name)?.text ?? '';
}

/** @param {string[]} files @throws {Error} where a name is missing, or is there twice */
function assertValid(files) {
  const options = {
    module: ts.ModuleKind.ES2022,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: [],
  };
  const found = ts
    .getPreEmitDiagnostics(ts.createProgram(files, { ...options, strict: true, noEmit: true }))
    .filter(({ file }) => files.includes(file?.fileName ?? files[0]));
  if (found.length > 0)
    throw new Error(found.map(({ messageText }) => JSON.stringify(messageText)).join('\n'));
}
