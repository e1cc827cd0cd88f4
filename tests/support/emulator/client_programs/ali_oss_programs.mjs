// npm ali-oss: a program for each operation that it has, in Node and in browsers. It signs V4, but where a program is
// about another signature. `needs` names the methods without which a client has no such call.

const PART_BYTES = 100 * 1024;
const REGION = 'oss-cn-hangzhou';

const equal = (found, expected) => {
  const [a, b] = [found, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`${a} is not ${b}`);
};

// the methods of a client, and what a program is given
const needs = (methods, run) => ({ methods: methods.split(' '), run });

const enableVersions = ({ client, bucket }) => client.putBucketVersioning(bucket, 'Enabled');

const putSeveral = async (given) => {
  for (const name of ['a', 'b/1', 'b/2']) await given.put(name, '');
};

const unfinished = async ({ client }) =>
  ((await client.listUploads({})).uploads ?? []).map((one) => one.uploadId);

const putAndGet = async (given, client) => {
  await given.put('a', 'hello', { headers: { 'x-oss-meta-who': 'me' } }, client);
  equal(await given.text('a', {}, client), 'hello');
};

export const programs = {
  make_bucket: needs('putBucket deleteBucket', async ({ client, bucket }) => {
    await client.deleteBucket(bucket);
    await client.putBucket(bucket, { acl: 'public-read' });
    equal((await client.getBucketACL(bucket)).acl, 'public-read');
  }),
  list_buckets: needs('listBuckets', async ({ client, bucket, other }) => {
    const { buckets } = await client.listBuckets({ prefix: bucket });
    equal(
      buckets.map(({ name }) => name),
      [bucket, other],
    );
  }),
  bucket_info: needs('getBucketInfo', async ({ client, bucket }) => {
    equal((await client.getBucketInfo(bucket)).bucket.Name, bucket);
  }),
  bucket_location: needs('getBucketLocation', async ({ client, bucket }) => {
    equal((await client.getBucketLocation(bucket)).location, REGION);
  }),
  bucket_stat: needs('getBucketStat', async (given) => {
    await given.put('a', 'hello');
    equal((await given.client.getBucketStat(given.bucket)).stat.Storage, '5');
  }),
  bucket_acl: needs('putBucketACL getBucketACL', async ({ client, bucket }) => {
    await client.putBucketACL(bucket, 'public-read');
    equal((await client.getBucketACL(bucket)).acl, 'public-read');
  }),
  cors: needs('putBucketCORS getBucketCORS', async ({ client, bucket, origin }) => {
    const rule = {
      allowedOrigin: origin,
      allowedMethod: ['GET', 'PUT'],
      allowedHeader: '*',
      maxAgeSeconds: '7',
    };
    await client.putBucketCORS(bucket, [rule]);
    equal((await client.getBucketCORS(bucket)).rules, [rule]);
  }),
  website: needs('putBucketWebsite getBucketWebsite deleteBucketWebsite', async ({ client, bucket }) => {
    await client.putBucketWebsite(bucket, { index: 'index.html', error: 'lost.html' });
    equal((await client.getBucketWebsite(bucket)).error, 'lost.html');
    await client.deleteBucketWebsite(bucket);
  }),
  versioning: needs('putBucketVersioning getBucketVersioning', async ({ client, bucket }) => {
    await client.putBucketVersioning(bucket, 'Enabled');
    equal((await client.getBucketVersioning(bucket)).versionStatus, 'Enabled');
  }),
  lifecycle: needs(
    'putBucketLifecycle getBucketLifecycle deleteBucketLifecycle',
    async ({ client, bucket }) => {
      const rule = { id: 'old', prefix: 'logs/', status: 'Enabled', expiration: { days: 7 } };
      await client.putBucketLifecycle(bucket, [rule]);
      equal((await client.getBucketLifecycle(bucket)).rules[0].id, 'old');
      await client.deleteBucketLifecycle(bucket);
    },
  ),
  referer: needs('putBucketReferer getBucketReferer', async ({ client, bucket }) => {
    await client.putBucketReferer(bucket, true, ['https://a.com']);
    equal((await client.getBucketReferer(bucket)).referers, ['https://a.com']);
  }),
  logging: needs('putBucketLogging getBucketLogging deleteBucketLogging', async ({ client, bucket }) => {
    await client.putBucketLogging(bucket, 'logs/');
    equal((await client.getBucketLogging(bucket)).prefix, 'logs/');
    await client.deleteBucketLogging(bucket);
  }),
  encryption: needs(
    'putBucketEncryption getBucketEncryption deleteBucketEncryption',
    async ({ client, bucket }) => {
      await client.putBucketEncryption(bucket, { SSEAlgorithm: 'AES256' });
      equal((await client.getBucketEncryption(bucket)).encryption.SSEAlgorithm, 'AES256');
      await client.deleteBucketEncryption(bucket);
    },
  ),
  bucket_tags: needs('putBucketTags getBucketTags deleteBucketTags', async ({ client, bucket }) => {
    await client.putBucketTags(bucket, { owner: 'me' });
    equal((await client.getBucketTags(bucket)).tag, { owner: 'me' });
    await client.deleteBucketTags(bucket);
  }),
  policy: needs('putBucketPolicy', ({ client, bucket }) =>
    client.putBucketPolicy(bucket, { Version: '1', Statement: [] }),
  ),
  put_and_get: needs('put get', (given) => putAndGet(given, given.client)),
  put_file: needs('put get', async (given) => {
    await given.client.put('a', await given.file());
    equal(await given.text('a'), new TextDecoder().decode(given.content));
  }),
  head: needs('head', async (given) => {
    await given.put('a', 'hello');
    equal((await given.client.head('a')).res.headers['content-length'], '5');
  }),
  object_meta: needs('getObjectMeta', async (given) => {
    await given.put('a', 'hello');
    equal((await given.client.getObjectMeta('a')).res.headers['content-length'], '5');
  }),
  part_of_object: needs('get', async (given) => {
    await given.put('a', 'hello');
    equal(await given.text('a', { headers: { Range: 'bytes=1-3' } }), 'ell');
  }),
  delete: needs('delete', async (given) => {
    await given.put('a', 'hello');
    await given.client.delete('a');
    equal(await given.client.head('a').catch((error) => error.status), 404);
  }),
  delete_many: needs('deleteMulti', async (given) => {
    for (const name of ['a', 'b']) await given.put(name, 'hello');
    equal(
      (await given.client.deleteMulti(['a', 'b'])).deleted.map(({ Key }) => Key),
      ['a', 'b'],
    );
  }),
  copy: needs('copy', async (given) => {
    await given.put('a', 'hello');
    await given.client.copy('b', 'a');
    equal(await given.text('b'), 'hello');
  }),
  copy_between: needs('copy', async (given) => {
    await given.put('a', 'hello', {}, given.opened({ bucket: given.other }));
    await given.client.copy('b', 'a', given.other);
    equal(await given.text('b'), 'hello');
  }),
  append: needs('append', async (given) => {
    const { nextAppendPosition } = await given.client.append('a', given.bytes('hel'));
    await given.client.append('a', given.bytes('lo'), { position: nextAppendPosition });
    equal(await given.text('a'), 'hello');
  }),
  list_objects: needs('list', async (given) => {
    await putSeveral(given);
    const { objects, prefixes } = await given.client.list({ delimiter: '/' });
    equal([objects.map(({ name }) => name), prefixes], [['a'], ['b/']]);
  }),
  list_v2: needs('listV2', async (given) => {
    await putSeveral(given);
    const { objects, prefixes } = await given.client.listV2({ delimiter: '/' });
    equal([objects.map(({ name }) => name), prefixes], [['a'], ['b/']]);
  }),
  list_versions: needs('listObjectVersions putBucketVersioning', async (given) => {
    await enableVersions(given);
    const put = [await given.put('a', '1'), await given.put('a', '2')];
    await given.client.delete('a');
    const { objects, deleteMarker } = await given.client.listObjectVersions();
    equal(
      objects.map(({ versionId }) => versionId),
      put.map(({ res }) => res.headers['x-oss-version-id']).reverse(),
    );
    equal(deleteMarker.length, 1);
  }),
  versions: needs('get delete putBucketVersioning', async (given) => {
    await enableVersions(given);
    const put = [await given.put('a', '1'), await given.put('a', '2')];
    const [first, second] = put.map(({ res }) => res.headers['x-oss-version-id']);
    equal(await given.text('a', { versionId: first }), '1');
    await given.client.delete('a', { versionId: second });
    equal(await given.text('a'), '1');
  }),
  object_acl: needs('putACL getACL', async (given) => {
    await given.put('a', 'hello');
    await given.client.putACL('a', 'public-read');
    equal((await given.client.getACL('a')).acl, 'public-read');
  }),
  object_tags: needs('putObjectTagging getObjectTagging deleteObjectTagging', async (given) => {
    await given.put('a', 'hello');
    await given.client.putObjectTagging('a', { owner: 'me' });
    equal((await given.client.getObjectTagging('a')).tag, { owner: 'me' });
    await given.client.deleteObjectTagging('a');
  }),
  symlink: needs('putSymlink', ({ client }) => client.putSymlink('a', 'b', {})),
  restore: needs('restore', async (given) => {
    await given.put('a', 'hello', { headers: { 'x-oss-storage-class': 'Archive' } });
    await given.client.restore('a');
  }),
  image: needs('get', async (given) => {
    await given.put('a', 'hello');
    await given.client.get('a', { process: 'image/info' });
  }),
  callback: needs('put', async (given) => {
    const callback = { url: given.callbackUrl, body: 'stored' };
    equal((await given.put('a', 'hello', { callback })).data, { Status: 'OK' });
  }),
  presigned_get: needs('signatureUrlV4', async (given) => {
    await given.put('a b', 'hello');
    const url = await given.named().signatureUrlV4('GET', 60, {}, 'a b');
    equal(await (await fetch(url)).text(), 'hello');
  }),
  presigned_put: needs('signatureUrlV4', async (given) => {
    const url = await given.named().signatureUrlV4('PUT', 60, {}, 'a b');
    equal((await fetch(url, { method: 'PUT', body: new Blob(['hello']) })).status, 200);
    equal(await given.text('a b'), 'hello');
  }),
  multipart: needs('initMultipartUpload uploadPart completeMultipartUpload', async (given) => {
    const { client } = given;
    const { uploadId } = await client.initMultipartUpload('a');
    const file = await given.file();
    const cuts = [0, PART_BYTES, given.content.length];
    const parts = [];
    for (const number of [1, 2]) {
      const { etag } = await client.uploadPart('a', uploadId, number, file, cuts[number - 1], cuts[number]);
      parts.push({ number, etag });
    }
    await client.completeMultipartUpload('a', uploadId, parts);
    equal(await given.text('a'), new TextDecoder().decode(given.content));
  }),
  lists_of_parts: needs('listParts listUploads', async (given) => {
    const { uploadId } = await given.client.initMultipartUpload('a');
    await given.client.uploadPart('a', uploadId, 1, await given.file(), 0, 5);
    equal(
      [(await given.client.listParts('a', uploadId)).parts].flat().map(({ Size }) => Size),
      ['5'],
    );
    equal(await unfinished(given), [uploadId]);
  }),
  abort: needs('abortMultipartUpload', async (given) => {
    const { uploadId } = await given.client.initMultipartUpload('a');
    await given.client.abortMultipartUpload('a', uploadId);
    equal(await unfinished(given), []);
  }),
  part_copy: needs('uploadPartCopy', async (given) => {
    await given.put('b', 'hello');
    const { uploadId } = await given.client.initMultipartUpload('a');
    const source = { sourceKey: 'b', sourceBucketName: given.bucket };
    const { etag } = await given.client.uploadPartCopy('a', uploadId, 1, '1-3', source);
    await given.client.completeMultipartUpload('a', uploadId, [{ number: 1, etag }]);
    equal(await given.text('a'), 'ell');
  }),
  upload: needs('multipartUpload', async (given) => {
    await given.client.multipartUpload('a', await given.file(), { partSize: PART_BYTES });
    equal(await given.text('a'), new TextDecoder().decode(given.content));
  }),
  resumed_upload: needs('multipartUpload', async (given) => {
    const { client } = given;
    const [file, options] = [await given.file(), { partSize: PART_BYTES, parallel: 1 }];
    let checkpoint;
    const interrupt = async (done, state) => {
      checkpoint = state;
      if (done > 0.3) client.cancel();
    };
    await client.multipartUpload('a', file, { ...options, progress: interrupt }).catch(() => {});
    const begun = await unfinished(given);
    equal([begun, checkpoint.doneParts.length > 0], [[checkpoint.uploadId], true]);
    await client.multipartUpload('a', file, { ...options, checkpoint });
    equal(await unfinished(given), []);
    equal(await given.text('a'), new TextDecoder().decode(given.content));
  }),
  temporary_key: needs('put', (given) => putAndGet(given, given.opened(given.temporary))),
  v1: needs('put', (given) => putAndGet(given, given.opened({ authorizationV4: false }))),
  v1_refused: needs('put', (given) =>
    given.put('a', 'hello', {}, given.opened({ authorizationV4: false, endpoint: given.urlWithoutV1 })),
  ),
  wrong_secret: needs('put', (given) =>
    given.put('a', 'hello', {}, given.opened({ accessKeySecret: 'another' })),
  ),
  missing: needs('get', ({ client }) => client.get('a')),
  forbid_overwrite: needs('put', async (given) => {
    for (const _ of [1, 2]) await given.put('a', 'hello', { headers: { 'x-oss-forbid-overwrite': 'true' } });
  }),
};

// Runs a program; returns the mark of the README's table, with the Code of a refusal, or what failed.
// `platform` has what Node and a browser have not in common: the class, bytes that are sent, a file.
export const outcome = async (platform, operation, target) => {
  const program = programs[operation];
  const { OSS } = platform;
  if (!program || program.methods.some((name) => !(name in OSS.prototype))) return '-';
  const opened = (options) =>
    new OSS({
      ...target.key,
      bucket: target.bucket,
      endpoint: target.url,
      region: REGION,
      authorizationV4: true,
      ...options,
    });
  const client = opened({});
  const given = {
    ...target,
    client,
    opened,
    named: () => opened({ endpoint: target.url.replace('127.0.0.1', 'localhost'), sldEnable: true }),
    bytes: platform.bytes,
    put: (name, text, options = {}, by = client) => by.put(name, platform.bytes(text), options),
    text: async (name, options = {}, by = client) =>
      new TextDecoder().decode((await by.get(name, options)).content),
  };
  given.content = Uint8Array.from({ length: 3 * PART_BYTES + 3 }, (_, index) => 97 + (index % 26));
  given.file = () => platform.file(given.content, target.folder);
  try {
    await program.run(given);
  } catch (error) {
    if (error.code === 'NotImplemented') return '○';
    return error.status >= 400 && error.code ? `✗ ${error.code}` : `failed: ${error.stack}`;
  }
  return '✓';
};
