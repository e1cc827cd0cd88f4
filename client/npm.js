/**
 * Makes an npm package of `lib/`: package.json, README and license beside the modules. Its version is the newest of
 * CHANGELOG.md, which alone states versions.
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';

const UNRELEASED = '0.0.0-unreleased'; // lower than every release

const [, newest = ''] = /^## (\S+)/m.exec(readFileSync('../CHANGELOG.md', 'utf8')) ?? [];
const version = /^\d/.test(newest) ? newest : UNRELEASED;
const manifest = JSON.parse(readFileSync('npm/package.json', 'utf8'));
writeFileSync('lib/package.json', `${JSON.stringify({ ...manifest, version }, null, 2)}\n`);
copyFileSync('npm/README.md', 'lib/README.md');
copyFileSync('../LICENSE', 'lib/LICENSE');
