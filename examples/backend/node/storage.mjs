// The uploaded files in OSS: sign an address of one, copy, delete, describe one, list all.
import OSS from 'ali-oss';

const LIFE_SECONDS = 60; // the address must be used by then; a download that has begun goes on

const client = new OSS({
  accessKeyId: process.env.OSS_ACCESS_KEY_ID,
  accessKeySecret: process.env.OSS_ACCESS_KEY_SECRET,
  stsToken: process.env.OSS_SESSION_TOKEN, // of a role
  region: `oss-${process.env.OSS_REGION}`,
  bucket: process.env.UPLOAD_BUCKET,
  endpoint: process.env.UPLOAD_HOST, // the bucket's own domain or yours, as browsers reach it
  cname: true,
  authorizationV4: true,
});

/** Return an address where anybody can read the object for `LIFE_SECONDS`. */
export function address(key, disposition) {
  const queries = disposition ? { 'response-content-disposition': disposition } : {};
  return client.signatureUrlV4('GET', LIFE_SECONDS, { queries }, key);
}

/** Copy the object inside the bucket, with its type and disposition. */
export async function copy(key, newKey) {
  await client.copy(newKey, key);
}

/** Delete the object; it is no error if there is none. */
export async function remove(key) {
  await client.delete(key);
}

/** Yield the key of each object below the prefix, and when it was stored, in epoch seconds. */
export async function* stored(prefix) {
  let page;
  do {
    const token = page ? { 'continuation-token': page.nextContinuationToken } : {};
    page = await client.listV2({ prefix, ...token });
    for (const { name, lastModified } of page.objects ?? []) {
      yield { key: name, storedAt: Date.parse(lastModified) / 1000 };
    }
  } while (page.isTruncated);
}

/** Return what an event says of an object: size, ETag, type and name. */
export async function describe(key) {
  const { headers } = (await client.head(key)).res;
  const [, name = ''] = (headers['content-disposition'] ?? '').split("filename*=UTF-8''");
  return {
    size: Number(headers['content-length']),
    etag: headers.etag.replaceAll('"', ''),
    type: headers['content-type'],
    name: decodeURIComponent(name),
  };
}
