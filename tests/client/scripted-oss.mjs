/**
 * OSS and the functions for uploads in parts, in memory and on a clock that no test waits for. They keep the rules of the
 * real ones; a test says which requests meet a fault.
 *
 *   const oss = scriptedOss({ faults: { 'put 3': ['reset'], complete: ['lost'] } });
 *   const { states, error } = await oss.upload();
 *
 * The faults of a list meet the requests of that kind one after another; null is none.
 */
import { crc64 } from '../../client/src/lib/crc64.js';
import { NetworkFault, UploadControl, uploadFile } from '../../client/src/lib/upload.js';
import { remember } from '../../client/src/lib/resume.js';
import { Clock, json, problem, readBy, xml } from './dialogue.mjs';

const EXPIRES_MS = 900_000;
const FORM_MS = 300_000;

/** A file that is read at once: time passes here whenever everything waits. */
export function fileOf(
  bytes,
  { name = 'film.mp4', lastModified = 7, type = 'video/mp4', read = () => {} } = {},
) {
  const blobOf = (from, to) => ({
    size: Math.max(0, Math.min(to, bytes.length) - from),
    bytes: bytes.subarray(from, to),
    ...readBy(async () => {
      await read();
      return bytes.slice(from, to).buffer;
    }),
    slice: (a, b) => blobOf(from + a, Math.min(from + b, to)),
  });
  return { ...blobOf(0, bytes.length), name, lastModified, type };
}

export const bytesOf = (size, seed = 1) => Uint8Array.from({ length: size }, (_, n) => (n * seed * 31) >> 3);

/** The CRC64 of bytes, as OSS writes it. */
export function crcOf(bytes) {
  const crc = crc64();
  crc.update(bytes.slice().buffer);
  return crc.text();
}

/** Locks as browsers have them. */
export function scriptedLocks() {
  const held = new Set();
  return {
    held,
    request: async (name, { ifAvailable }, run) => {
      if (held.has(name)) return run(ifAvailable ? null : undefined);
      held.add(name);
      try {
        return await run({ name });
      } finally {
        held.delete(name);
      }
    },
  };
}

/** A store in memory. */
export function scriptedStore() {
  const kept = new Map();
  return {
    kept,
    get: async (key) => structuredClone(kept.get(key)),
    put: async (key, upload) => kept.set(key, structuredClone(upload)),
    delete: async (key) => kept.delete(key),
  };
}

/**
 * @param {object} [options]
 * @param {Record<string, (string | null)[]>} [options.faults]  by request
 * @param {(kind: string) => string | null} [options.fault]  the same as a function
 */
export function scriptedOss({
  faults = {},
  fault = (kind) => faults[kind]?.shift() ?? null,
  partSize = 1000,
  threshold = 2000,
  formMax = Infinity,
  clock = new Clock(),
  putMs = 100,
} = {}) {
  const uploads = new Map(); // by ticket
  const objects = new Map(); // by id: bytes
  const requests = [];
  let granted = 0;
  let atOnce = 0;
  const most = { sends: 0 };
  const begin = () => {
    atOnce += 1;
    most.sends = Math.max(most.sends, atOnce);
  };

  const wait = (ms, signal) => clock.wait(ms, signal);
  const answer = (id) =>
    json(200, { Status: 'OK', id, size: objects.get(id).length, crc64: crcOf(objects.get(id)) });

  const common = {
    reset: () => {
      throw new NetworkFault('reset');
    },
    stall: () => new Promise(() => {}),
    503: () => problem(503, 'unavailable'),
    unverified: () => problem(403, 'not_verified'),
    crash: () => json(200, { errorMessage: 'exited' }),
  };

  const routes = {
    uploads({ files }) {
      return json(200, {
        uploads: files.map(({ size, multipart }) => {
          if (!(multipart && size > threshold) && size > formMax)
            return { problem: JSON.parse(problem(413, 'too_large').body) };
          granted += 1;
          const id = `u${granted}`;
          const grant = {
            id,
            expires_in: 82_800,
            ticket: `ticket-${id}`,
            confirm: 'https://callback.test/confirm',
          };
          if (!(multipart && size > threshold))
            return {
              ...grant,
              url: 'https://oss.test/',
              fields: { key: id, end: clock.now() + FORM_MS },
              expires_in: 300,
            };
          const parts = Math.ceil(size / partSize);
          uploads.set(grant.ticket, { id, size, parts, state: 'open', stored: new Map() });
          return { ...grant, kind: 'multipart', key: id, part_size: partSize, parts };
        }),
      });
    },
    parts({ ticket, numbers }, met) {
      if (met === 'ended') return problem(409, 'upload_expired');
      const parts = numbers.map((number) => ({
        number,
        size: partSize,
        url: `https://oss.test/?ticket=${ticket}&number=${number}&until=${clock.now() + EXPIRES_MS}`,
      }));
      return json(200, { parts, expires_in: 900 });
    },
    complete({ ticket }, met) {
      const upload = uploads.get(ticket);
      if (upload.state !== 'open') return problem(409, 'upload_gone');
      const missing = Array.from({ length: upload.parts }, (_, n) => n + 1).filter(
        (n) => !upload.stored.has(n),
      );
      if (missing.length > 0)
        return json(409, { ...JSON.parse(problem(409, 'parts_missing').body), numbers: missing });
      if (met === 'forgotten') {
        upload.stored.delete(1 + (requests.length % upload.parts));
        return problem(503, 'unavailable');
      }
      if (met === 'changed') return problem(409, 'parts_changed');
      const listed = [...upload.stored].sort(([a], [b]) => a - b);
      const store = () => {
        // OSS refuses parts that are no longer as they were listed
        if (upload.state !== 'open' || listed.some(([n, part]) => upload.stored.get(n) !== part)) return;
        upload.state = 'completed';
        objects.set(upload.id, Uint8Array.from(listed.flatMap(([, part]) => [...part])));
      };
      if (met === 'late') {
        void clock.wait(20_000).then(store);
        throw new NetworkFault('reset');
      }
      store();
      if (met === 'lost') throw new NetworkFault('reset');
      if (met === '503 after') return problem(503, 'unavailable');
      if (met === '203') return json(203, { code: 'callback_failed' });
      return answer(upload.id);
    },
    abort({ ticket }) {
      const upload = uploads.get(ticket);
      if (upload.state !== 'open') return problem(409, 'upload_gone');
      upload.state = 'aborted';
      return json(200, { Status: 'OK', id: upload.id });
    },
    confirm({ ticket }) {
      const id = ticket.replace('ticket-', '');
      return objects.has(id) ? answer(id) : problem(409, 'not_stored');
    },
  };

  const transport = {
    postJson: async (url, body, headers, _signal, keepalive) => {
      const kind = url.split('/').at(-1);
      const met = fault(kind);
      requests.push({ kind, ...body, headers, keepalive, at: clock.now() });
      await wait(10); // what has been sent is carried out, also where nobody waits for it any more
      if (common[met]) return common[met]();
      return routes[kind](body, met);
    },
    postForm: async (_url, { key, end }, file, onProgress, signal) => {
      const met = fault('form');
      requests.push({ kind: 'form', id: key });
      begin();
      try {
        await wait(putMs, signal);
        if (met) return await common[met]();
        onProgress(file.size, file.size);
        if (clock.now() > end)
          return xml(403, 'AccessDenied', { message: 'Policy expired.', ec: '0006-00000213' });
        objects.set(key, file.bytes);
        return answer(key);
      } finally {
        atOnce -= 1;
      }
    },
    putPart: async (url, part, onProgress, signal) => {
      const { searchParams } = new URL(url);
      const number = Number(searchParams.get('number'));
      const upload = uploads.get(searchParams.get('ticket'));
      const met = fault(`put ${number}`) ?? fault('put');
      requests.push({ kind: 'put', number, bytes: part.size, at: clock.now() });
      begin();
      try {
        if (met === 'blocked') await wait(10, signal).then(common.reset);
        await wait(putMs / 2, signal);
        onProgress(Math.ceil(part.size / 2), part.size);
        await wait(putMs / 2, signal);
        if (met === 'expired' || clock.now() > Number(searchParams.get('until')))
          return xml(403, 'AccessDenied', { message: 'Request has expired.', ec: '0002-00000236' });
        if (met === 'denied') return xml(403, 'AccessDenied');
        if (met === 'dropped' && upload.state === 'open') upload.state = 'aborted';
        if (common[met]) return await common[met]();
        onProgress(part.size, part.size);
        if (upload.state !== 'open') return xml(404, 'NoSuchUpload');
        const bytes = met === 'wrong' ? part.bytes.map((byte) => byte ^ 1) : part.bytes;
        upload.stored.set(number, bytes);
        if (met === 'replaced') upload.stored.delete(number); // by one of another size
        if (met === 'lost') throw new NetworkFault('reset', true);
        const headers = met === 'no crc' ? {} : { 'x-oss-hash-crc64ecma': crcOf(bytes) };
        return { status: 200, headers, body: '' };
      } finally {
        atOnce -= 1;
      }
    },
  };

  /** Uploads a file; `at` maps a state, or `half` of the bytes, to what happens when it is reached for the first time. */
  async function start({ bytes = bytesOf(10_000), at = {}, store, owner, locks, ...options } = {}) {
    const controller = new AbortController();
    const control = new UploadControl();
    const states = [];
    const events = { ...at };
    const run = uploadFile(fileOf(bytes, options.like), {
      tokenUrl: 'https://token.test/',
      transport,
      now: clock.now,
      random: () => 0.5,
      online: async () => true,
      wait,
      turn: async () => {},
      signal: controller.signal,
      control,
      memory:
        store &&
        remember(store, { owner, locks, now: options.now ?? clock.now, wait: (ms) => clock.wait(ms) }),
      ...options,
      onState: (state) => {
        const words = state.state === 'sending' ? `sending ${state.loaded}` : state.state;
        states.push(state.state === 'failed' ? `failed ${state.code} ${state.status}` : words);
        const isHalf = state.state === 'sending' && state.loaded >= bytes.length / 2;
        const name = isHalf && events.half ? 'half' : words;
        const event = events[name];
        delete events[name];
        event?.({ cancel: () => controller.abort(), control, clock });
      },
    });
    const [outcome] = await Promise.allSettled([options.plain ? run : clock.play(run)]);
    if (!options.plain) await clock.play(clock.wait(100)); // a request that nobody waits for
    return { states, result: outcome.value, error: outcome.reason };
  }

  return {
    upload: start,
    transport,
    uploads,
    objects,
    requests,
    clock,
    most,
    /** The numbers of the parts that were sent, in order. */
    puts: () => requests.filter(({ kind }) => kind === 'put').map(({ number }) => number),
    kinds: () => requests.map(({ kind }) => kind),
  };
}
