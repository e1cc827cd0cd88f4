// npm ali-oss as it is by default: it runs a few lines of code for one bucket.
//   node ali_oss_call.mjs URL KEY SECRET BUCKET CODE     prints what the code returns as JSON
import OSS from 'ali-oss';

const [endpoint, accessKeyId, accessKeySecret, bucket, code] = process.argv.slice(2);
const oss = new OSS({ accessKeyId, accessKeySecret, endpoint, bucket });
const call = Object.getPrototypeOf(async () => {}).constructor('oss', code);
console.log(JSON.stringify((await call(oss)) ?? null));
