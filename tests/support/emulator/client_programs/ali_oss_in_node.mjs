// npm ali-oss in Node: runs the programs of the targets, which are given as JSON, and prints what each came to.
import { writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import OSS from 'ali-oss';
import { outcome } from './ali_oss_programs.mjs';

const platform = {
  OSS,
  bytes: (content) => Buffer.from(content),
  file: async (content, folder) => {
    await writeFile(`${folder}/file`, content);
    return `${folder}/file`;
  },
};
const found = {};
for (const [operation, target] of Object.entries(JSON.parse(await text(process.stdin)))) {
  found[operation] = await outcome(platform, operation, target);
}
console.log(JSON.stringify(found));
