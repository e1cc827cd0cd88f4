// A backend that owns the uploaded files: it lists them by upload id and shows each to its user only.
import express from 'express';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { Webhook } from 'standardwebhooks';
import * as storage from './storage.mjs';

const app = express();
const webhook = new Webhook(process.env.WEBHOOK_SECRET);
const secret = process.env.AUTH_HS256_SECRET;
const key = secret ? new TextEncoder().encode(secret) : createRemoteJWKSet(new URL(process.env.AUTH_JWKS));

const PREFIX = 'uploads/'; // UPLOAD_PREFIX of the functions
const KEY = /^.+\/(?<user>[^/]+)\/\d{4}\/\d\d\/\d\d\/(?<id>[0-9a-z]{26})(\.\w+)?$/;
const NO_EVENT_SECONDS = 25 * 3600; // a grant lives for a day at most; an hour more for the clocks

// Use your database for both: one row for each upload id, with a unique key.
const files = new Map();
const records = new Map([
  ['17', { owner: 'alice', title: 'Expenses' }],
  ['18', { owner: 'alice', title: 'Travel' }],
]);

/** Keep the user of the token that the page also sends to the token function, or answer 401. */
async function signedIn(request, response, next) {
  const [scheme, token] = (request.get('authorization') ?? '').split(' ');
  try {
    const { payload } = await jwtVerify(token ?? '', key, {
      algorithms: secret ? ['HS256'] : ['RS256', 'ES256', 'EdDSA'],
      issuer: process.env.AUTH_ISSUER,
      audience: process.env.AUTH_AUDIENCE,
      requiredClaims: ['exp', 'sub'],
    });
    if (scheme.toLowerCase() !== 'bearer' || !payload.sub) return response.sendStatus(401);
    response.locals.user = payload.sub;
  } catch {
    return response.sendStatus(401);
  }
  return next();
}

/** Return the row of a file of this user; undefined for anybody else's, as for none. */
function ownFile(uploadId, user) {
  const row = files.get(uploadId);
  return row && row.user === user && !row.deleted ? row : undefined;
}

/** Return a record of this user, or undefined. */
function ownRecord(recordId, user) {
  const record = records.get(recordId);
  return record && record.owner === user ? record : undefined;
}

// Take the event of the callback function.
app.post('/uploads', express.text({ type: 'application/json' }), (request, response) => {
  let upload;
  try {
    upload = webhook.verify(request.body, request.headers).data;
  } catch {
    return response.sendStatus(401);
  }
  if (!files.has(upload.id)) files.set(upload.id, { ...upload, record: '', deleted: false });
  const row = files.get(upload.id);
  if (row.etag !== upload.etag) return response.sendStatus(409); // other bytes, stored after a delete
  return response.json({ url: `/files/${row.id}` });
});

// Join an upload with a record: both must belong to the signed-in user.
app.put('/records/:record/files/:upload', signedIn, ({ params }, response) => {
  const row = ownFile(params.upload, response.locals.user);
  if (!row || !ownRecord(params.record, response.locals.user)) return response.sendStatus(404);
  if (!['', params.record].includes(row.record)) return response.sendStatus(409); // another record's
  row.record = params.record;
  return response.sendStatus(204);
});

// Answer with a record and its files.
app.get('/records/:record', signedIn, ({ params }, response) => {
  const record = ownRecord(params.record, response.locals.user);
  if (!record) return response.sendStatus(404);
  const joined = [...files.values()].filter((row) => row.record === params.record && !row.deleted);
  return response.json({ title: record.title, files: joined.map(({ id, name }) => ({ id, name })) });
});

// Answer with a short-lived address; ?download makes browsers save what they would show.
app.get('/files/:upload', signedIn, async (request, response) => {
  const row = ownFile(request.params.upload, response.locals.user);
  if (!row) return response.sendStatus(404);
  const name = encodeURIComponent(row.name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  const disposition = `attachment; filename*=UTF-8''${name}`;
  const url = await storage.address(row.key, 'download' in request.query ? disposition : undefined);
  return response.set('Cache-Control', 'no-store').json({ url, type: row.type });
});

// Hide the file at once; `sweep` deletes its object.
app.delete('/files/:upload', signedIn, (request, response) => {
  const row = ownFile(request.params.upload, response.locals.user);
  if (!row) return response.sendStatus(404);
  row.deleted = true;
  return response.sendStatus(204);
});

/**
 * Delete what was deleted, and move what has a record out of the folder of uploads.
 * Only after `expires_at`, in epoch seconds: before, the page could store the file once more.
 */
export async function sweep(now) {
  for (const row of files.values()) {
    if (row.expires_at > now) continue;
    try {
      if (row.deleted) {
        await storage.remove(row.key);
        files.delete(row.id);
      } else if (row.record && !row.key.startsWith('files/')) {
        await move(row, `files/${row.key.split('/').at(-1)}`);
      }
    } catch (error) {
      console.error('sweep of', row.id, error); // the next run tries again
    }
  }
}

/** Move the object of a row; a crash at any moment leaves an object too many, and none too few. */
async function move(row, newKey) {
  const oldKey = row.key;
  await storage.copy(oldKey, newKey);
  row.key = newKey;
  await storage.remove(oldKey);
}

/**
 * Make a row for each upload whose event never came; finish what `move` began; report what is missing.
 * Only for objects of which no event can come any more. A row made here has no `data` and no `page_data`,
 * which only the event has.
 */
export async function reconcile(now) {
  const rows = [...files.values()].filter((row) => row.key.startsWith(PREFIX));
  const expected = new Map(rows.map((row) => [row.key, row.id]));
  for await (const found of storage.stored(PREFIX)) {
    expected.delete(found.key);
    const { user, id } = KEY.exec(found.key)?.groups ?? {};
    if (!id || now < found.storedAt + NO_EVENT_SECONDS) continue;
    const row = files.get(id);
    if (!row) {
      const owner = '_~'.includes(user[0]) ? '' : user;
      const made = { id, key: found.key, user: owner, expires_at: 0, data: {}, page_data: {} };
      files.set(id, { ...made, ...(await storage.describe(found.key)), record: '', deleted: false });
      console.warn('made a row for', found.key);
    } else if (row.key !== found.key) {
      await storage.remove(found.key);
    }
  }
  for (const id of expected.values()) console.error(`${id} has a row and no object`);
}

/** Sweep and reconcile; what fails is tried again by the next run. */
async function tidy() {
  await sweep(Date.now() / 1000);
  await reconcile(Date.now() / 1000).catch((error) => console.error('reconcile', error));
}

// A scheduled job does it where several processes serve.
setInterval(tidy, 3600_000).unref();
app.listen(process.env.PORT ?? 3000, () => console.log('listening'));
