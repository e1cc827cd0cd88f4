// npm ali-oss as it is by default: it makes, lists and deletes a bucket.
//   node ali_oss_buckets.mjs URL KEY SECRET BUCKET     prints what it saw as JSON
import OSS from 'ali-oss';

const [endpoint, accessKeyId, accessKeySecret, bucket] = process.argv.slice(2);
const client = new OSS({ accessKeyId, accessKeySecret, endpoint });
const listed = async () =>
  ((await client.listBuckets({ prefix: bucket })).buckets ?? []).map(({ name }) => name);
const seen = {};
await client.putBucket(bucket, { acl: 'public-read' });
seen.listed = await listed();
seen.acl = (await client.getBucketACL(bucket)).acl;
await client.putBucketACL(bucket, 'private');
seen.info = (await client.getBucketInfo(bucket)).bucket.AccessControlList.Grant;
await client.deleteBucket(bucket);
seen.afterwards = await listed();
console.log(JSON.stringify(seen));
