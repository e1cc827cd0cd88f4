// npm ali-oss in Node: an upload in parts that is interrupted and resumed, and one that is aborted.
//   node ali_oss_multipart.mjs URL BUCKET KEY SECRET OBJECT FILE     prints what it saw as JSON
import OSS from 'ali-oss';

const PART_BYTES = 100 * 1024;

const [endpoint, bucket, accessKeyId, accessKeySecret, object, file] = process.argv.slice(2);
const client = new OSS({
  accessKeyId,
  accessKeySecret,
  bucket,
  endpoint,
  region: 'oss-cn-hangzhou',
  authorizationV4: true,
});

let checkpoint;
const options = { partSize: PART_BYTES, parallel: 1 };
const cancelling = async (done, state) => {
  checkpoint = state;
  if (done > 0.2) client.cancel();
};
await client.multipartUpload(object, file, { ...options, progress: cancelling }).catch(() => {});
const { uploads } = await client.listUploads({ prefix: object });
const resumed = await client.multipartUpload(object, file, { ...options, checkpoint });

const { uploadId } = await client.initMultipartUpload(object);
await client.uploadPart(object, uploadId, 1, file, 0, PART_BYTES);
const aborted = await client.abortMultipartUpload(object, uploadId);
const afterwards = await client.listParts(object, uploadId).catch((error) => error.code);
const unfinished = (await client.listUploads({ prefix: object })).uploads;

console.log(
  JSON.stringify({
    interrupted: uploads.length,
    resumed: resumed.res.status,
    unfinished,
    aborted: aborted.res.status,
    afterwards,
  }),
);
