// npm ali-oss as it runs in a browser, whose clock is wrong: it stores an object, corrected by the refusal.
//   node ali_oss_clock.mjs URL BUCKET KEY SECRET SECONDS_OFF OBJECT     prints the statuses of its requests as JSON
import { createRequire } from 'node:module';

const MOST_REQUESTS = 20; // a client that is not corrected repeats without an end

const [url, bucket, accessKeyId, accessKeySecret, secondsOff, object] = process.argv.slice(2);
const RightDate = Date;
globalThis.Date = class extends RightDate {
  constructor(...parts) {
    super(...(parts.length ? parts : [RightDate.now() + Number(secondsOff) * 1000]));
  }
};
globalThis.location = { protocol: 'http:' };
const require = createRequire(import.meta.url);
const Client = require('ali-oss/lib/browser/client.js');
const urllib = require('urllib');

const statuses = [];
const counting = {
  async request(target, options) {
    if (statuses.length === MOST_REQUESTS) throw new Error('it repeats for ever');
    const answer = await urllib.request(target, options);
    statuses.push(answer.status);
    return answer;
  },
};
const client = new Client({
  accessKeyId,
  accessKeySecret,
  bucket,
  endpoint: url,
  region: 'oss-cn-hangzhou',
  authorizationV4: true,
  urllib: counting,
});
await client.put(object, Buffer.from('hello')).catch(() => {});
console.log(JSON.stringify(statuses));
process.exit();
