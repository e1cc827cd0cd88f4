// npm ali-oss as it is by default, which signs V1: it stores, lists, reads and deletes an object, and signs an address.
//   node ali_oss_objects.mjs URL BUCKET KEY SECRET TOKEN OBJECT     prints what it saw as JSON
import OSS from 'ali-oss';

const [url, bucket, accessKeyId, accessKeySecret, stsToken, object] = process.argv.slice(2);
const options = { accessKeyId, accessKeySecret, bucket, endpoint: url, ...(stsToken && { stsToken }) };
const client = new OSS(options);
const seen = {};
await client.put(object, Buffer.from('hello'), { headers: { 'x-oss-meta-who': 'ali-oss' } });
seen.listed = (await client.listV2({ prefix: object, 'max-keys': 1 })).objects.map(({ name }) => name);
const read = await client.get(object);
seen.read = [read.content.toString(), read.res.headers['x-oss-meta-who']];
// it signs no address for an IP address
const named = new OSS({ ...options, endpoint: url.replace('127.0.0.1', 'localhost'), cname: true });
seen.address = await (
  await fetch(named.signatureUrl(object, { response: { 'content-language': 'zh' } }))
).text();
await client.delete(object);
await client.put(`${object} & more`, Buffer.from('hello'));
seen.deleted = (await client.deleteMulti([`${object} & more`])).deleted.map(({ Key }) => Key);
const gone = (name) => client.head(name).catch((error) => error.status);
seen.gone = [await gone(object), await gone(`${object} & more`)];
console.log(JSON.stringify(seen));
