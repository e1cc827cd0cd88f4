/**
 * The floor: the oldest browsers that the page and the library work in. `npm run lint` fails where the source uses
 * something that one of them lacks, by MDN's table of browser support. TypeScript tells whose member a name is, so that
 * methods are found as well as globals. The build lowers newer syntax; `checkBundle` finds what it cannot lower, and
 * what Uppy brings along. Not seen: names in texts (events, `list['toSorted']`), options of calls, async iteration of
 * streams, units and functions of CSS beyond the table's names for them.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import postcss from 'postcss';
import ts from 'typescript';
import { FLOOR } from './browsers.js';

// what may be missing, because nobody suffers from it
const OPTIONAL = [
  'css.properties.content-visibility', // rows out of sight are drawn all the same
  'css.properties.content-visibility.auto',
  'css.properties.contain-intrinsic-size',
  'css.properties.text-wrap', // lines are broken less evenly
  'css.properties.text-size-adjust', // iPhones have -webkit-text-size-adjust
  'css.properties.cursor.pointer', // a phone has no pointer
  'css.at-rules.media.forced-colors', // a browser without it forces no colours
  'css.properties.forced-color-adjust',
  'api.CanvasRenderingContext2D.imageSmoothingQuality', // images are made smaller in the browser's own way
  'api.Navigator.wakeLock', // the screen goes dark as ever
  'api.FileSystemHandle.kind', // whoever has no handles is asked to choose the file again
  'api.FileSystemFileHandle.getFile',
  'javascript.builtins.Symbol.dispose', // Uppy only offers a method by this name
  'javascript.builtins.Error.captureStackTrace', // Uppy calls it where it is there
];

/** @type {[pattern: RegExp, name: string][]} */
const PATTERNS = [
  [/\(\?<[=!]/, 'javascript.regular_expressions.lookbehind_assertion'],
  [/\(\?[ims]*-?[ims]+:/, 'javascript.regular_expressions.modifier'],
  [/^\/.*\/\w*v\w*$/s, 'javascript.builtins.RegExp.unicodeSets'],
];

const LIBRARY = ['lib.esnext.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'];
const SOURCE = fileURLToPath(new URL('src', import.meta.url));
const MDN = createRequire(import.meta.url)('@mdn/browser-compat-data');

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const given = process.argv.slice(2);
  if (given[0] === '--missing') console.log(JSON.stringify(everythingMissing()));
  else
    check(
      given.length > 0 ? given : readdirSync(SOURCE, { recursive: true }).map((name) => join(SOURCE, name)),
    );
}

/** @param {string[]} files  prints each use of something that the floor lacks */
function check(files) {
  const found = [
    ...missingInScripts(files.filter((name) => name.endsWith('.js'))),
    ...files.filter((name) => name.endsWith('.css')).flatMap(missingInStyle),
  ];
  for (const problem of found) console.error(problem);
  process.exitCode = found.length > 0 ? 1 : 0;
}

/** @param {string[]} files @returns {string[]} */
function missingInScripts(files) {
  const program = ts.createProgram(files, {
    allowJs: true,
    checkJs: true,
    lib: LIBRARY,
    types: [],
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  });
  const checker = program.getTypeChecker();
  const sources = files.map((file) => program.getSourceFile(file)).filter((source) => source !== undefined);
  return sources.flatMap((source) => {
    /** @type {string[]} */
    const found = [];
    /** @param {ts.Node} node */
    const visit = (node) => {
      const names = ts.isIdentifier(node) ? namesOf(node, checker) : patternsIn(node);
      const missing = names.find(isMissing);
      if (missing) found.push(`${placeOf(source, node)}: ${missing}, ${lackingIt(missing)}`);
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });
}

/**
 * @param {ts.Identifier} node
 * @param {ts.TypeChecker} checker
 * @returns {string[]} what it may be called in MDN's table; none unless it comes with the language or the browser
 */
function namesOf(node, checker) {
  const { parent } = node;
  const symbol =
    ts.isBindingElement(parent) && ts.isObjectBindingPattern(parent.parent)
      ? checker.getTypeAtLocation(parent.parent).getProperty((parent.propertyName ?? node).getText())
      : checker.getSymbolAtLocation(node);
  const declarations = symbol?.declarations ?? [];
  const builtIn = declarations.filter((one) => /\/lib\.[\w.]+\.d\.ts$/.test(one.getSourceFile().fileName));
  if (!symbol || builtIn.length === 0) return [];
  const receivers =
    ts.isPropertyAccessExpression(parent) && parent.name === node
      ? typeNames(checker.getTypeAtLocation(parent.expression))
      : [];
  const owners = [...builtIn.map(ownerOf), ...receivers];
  const names = owners.flatMap((owner) => {
    const known = owner.replace(/^Readonly|Constructor$/g, '').replace(/^IteratorObject$/, 'Iterator');
    const path = [known, symbol.name].filter(Boolean).join('.');
    return [path, `${path}_static`, `Window.${path}`].map((one) => `api.${one}`).concat(builtIns(path));
  });
  const isMade = ts.isNewExpression(parent) && parent.expression === node;
  const made = `${symbol.name}.${symbol.name}`;
  return isMade ? [...names, `api.${made}`, ...builtIns(made)] : names;
}

/** @param {string} path */
function builtIns(path) {
  return [`javascript.builtins.${path}`, `javascript.builtins.Intl.${path}`];
}

/** @param {ts.Node} node @returns {string[]} what a regular expression uses that no build can lower */
function patternsIn(node) {
  const isCall = ts.isCallExpression(node) || ts.isNewExpression(node);
  const made = isCall && node.expression.getText() === 'RegExp' ? node.arguments?.[0] : undefined;
  const written = ts.isRegularExpressionLiteral(node) ? node.text : (made?.getText() ?? '');
  return PATTERNS.filter(([pattern]) => pattern.test(written)).map(([, name]) => name);
}

/** @param {ts.Declaration} declaration @returns {string} the interface, namespace or variable that it is a part of */
function ownerOf(declaration) {
  for (let node = declaration.parent; node; node = node.parent)
    if (ts.isInterfaceDeclaration(node) || ts.isModuleDeclaration(node) || ts.isVariableDeclaration(node))
      return node.name.getText();
  return '';
}

/** @param {ts.Type} type @returns {string[]} its name and those that it inherits from */
function typeNames(type) {
  const parts = type.isUnionOrIntersection() ? type.types : [type];
  return parts.flatMap((part) => [
    part.symbol?.name ?? '',
    ...(part.isClassOrInterface() ? (part.getBaseTypes() ?? []).flatMap(typeNames) : []),
  ]);
}

/** @param {string} file @returns {string[]} */
function missingInStyle(file) {
  /** @type {string[]} */
  const found = [];
  /** @param {postcss.Node} node @param {string[]} names */
  const note = (node, names) => {
    for (const name of names.filter(isMissing))
      found.push(`${file}:${node.source?.start?.line}: ${name}, ${lackingIt(name)}`);
  };
  /** @param {string} text @param {RegExp} pattern @param {string[]} groups @returns {string[]} */
  const all = (text, pattern, ...groups) =>
    [...text.matchAll(pattern)].flatMap(([, name]) => groups.map((group) => `css.${group}.${name}`));
  postcss.parse(readFileSync(file, 'utf8')).walk((node) => {
    if (isInSupports(node)) return;
    if (node.type === 'rule') note(node, all(node.selector, /:([a-z][\w-]*)/g, 'selectors'));
    else if (node.type === 'atrule')
      note(node, [`css.at-rules.${node.name}`, ...all(node.params, /\(([\w-]+)/g, `at-rules.${node.name}`)]);
    else if (node.type === 'decl' && !hasFallback(node))
      note(node, [
        `css.properties.${node.prop}`,
        ...all(node.value, /([\w-]+)\(/g, 'types', 'types.color', `properties.${node.prop}`),
        ...all(node.value, /(?<![\w-])([a-z-]+)(?![\w(-])/g, `properties.${node.prop}`),
        ...(/\d[dsl]v[hwib]/.test(node.value) ? ['css.types.length.viewport_percentage_units_dynamic'] : []),
      ]);
  });
  return found;
}

/** @param {postcss.Node | undefined} node @returns {boolean} whether old browsers ignore it and new ones do not */
function isInSupports(node) {
  if (!node) return false;
  return (node.type === 'atrule' && node.name === 'supports') || isInSupports(node.parent);
}

/** @param {postcss.Declaration} declaration @returns {boolean} whether another value stands before it, for old browsers */
function hasFallback(declaration) {
  const before = declaration.prev();
  return before?.type === 'decl' && before.prop === declaration.prop;
}

/**
 * Checks a built file: members of globals such as `Promise.withResolvers`, and syntax that no build lowers.
 *
 * @param {string} file
 * @throws {Error} with each fault
 */
export function checkBundle(file) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ESNext, true);
  /** @type {string[]} */
  const found = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      const path = node.getText();
      const names = [`api.${path}`, `api.${path}_static`, `javascript.builtins.${path}`];
      found.push(...names.filter(isMissing));
    }
    if (ts.isClassStaticBlockDeclaration(node)) found.push('javascript.classes.static.initialization_blocks');
    found.push(...patternsIn(node).filter(isMissing));
    ts.forEachChild(node, visit);
  };
  visit(source);
  if (found.length > 0) throw new Error(`${file}: old browsers lack ${found.join(', ')}`);
}

/** @param {string} name  such as `api.AbortSignal.any_static` @returns {boolean} whether a browser of the floor lacks it */
function isMissing(name) {
  return !OPTIONAL.some((one) => name === one || name.startsWith(`${one}.`)) && lackingIt(name) !== '';
}

/** @returns {string[]} the name of each interface, global and member that some browser of the floor lacks */
function everythingMissing() {
  /** @param {any} entry @param {string} path @param {number} depth @returns {string[]} */
  const below = (entry, path, depth) =>
    Object.keys(entry)
      .filter((key) => key !== '__compat' && depth > 0)
      .flatMap((key) => [`${path}.${key}`, ...below(entry[key], `${path}.${key}`, depth - 1)]);
  return [...below(MDN.api, 'api', 2), ...below(MDN.javascript.builtins, 'javascript.builtins', 3)].filter(
    isMissing,
  );
}

/** @param {string} name @returns {string} the browsers of the floor that lack it; none if the table has no such name */
function lackingIt(name) {
  const entry = name
    .split('.')
    .reduce((found, key) => (found && Object.hasOwn(found, key) ? found[key] : null), MDN);
  const support = entry?.__compat?.support;
  if (!support) return '';
  const lacking = Object.entries(FLOOR).filter(([browser, version]) => !hasIt(support[browser], version));
  return lacking.length > 0
    ? `not in ${lacking.map(([browser, version]) => `${browser} ${version}`).join(', ')}`
    : '';
}

/** @param {any} support  MDN's statement or statements @param {number} version */
function hasIt(support, version) {
  return [support].flat().some((one) => {
    const added = parseFloat(String(one?.version_added).replace('≤', ''));
    const isRemoved = parseFloat(one?.version_removed) <= version;
    return added <= version && !isRemoved && !one.flags && !one.prefix && !one.alternative_name;
  });
}

/** @param {ts.SourceFile} source @param {ts.Node} node */
function placeOf(source, node) {
  return `${source.fileName}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
}
