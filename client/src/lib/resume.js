/**
 * Remembers uploads in parts, so that they go on after the page was closed, when the same file is chosen again. A file of
 * its own beside upload.js, for pages that want it.
 */

/** @import { Memory, UploadStore } from './upload.js' */
/** @import { PartsGrant } from './upload.js' */

const STORE_MS = 3_000; // a store that hangs must not hold up an upload
const UPLOADS = 'uploads';

/**
 * Give it to `uploadFile` as `memory`. A lock keeps two tabs from going on with the same upload: the second begins one of
 * its own. Where the browser has no locks, as on pages without TLS, nothing is remembered.
 *
 * @param {UploadStore} [store]
 * @param {{owner?: string, locks?: Pick<LockManager, 'request'> | undefined, now?: () => number,
 *   wait?: (ms: number) => Promise<unknown>}} [options]  `owner` is the user: what the upload of one has left, another's
 *   does not go on with. The others are replaced by tests.
 * @returns {Memory}
 */
export function remember(
  store = indexedDbStore(),
  { owner = '', locks = globalThis.navigator?.locks, now = Date.now, wait = realTime } = {},
) {
  return {
    async open({ tokenUrl, file, data = null, profile = null }) {
      const { name, size, lastModified, type } = file;
      const key = JSON.stringify([tokenUrl, owner, name, size, lastModified, type, data, profile]);
      const release = locks ? await lockOf(locks, key) : null;
      if (!release) return null;
      const read = Promise.resolve().then(() => store.get(key)); // it may throw
      const found = await Promise.race([read, wait(STORE_MS)]).catch(() => null);
      const grant = /** @type {PartsGrant | null | undefined} */ (found);
      const isAlive =
        grant && now() < (grant.until ?? 0) && grant.parts === Math.ceil(size / grant.part_size);
      /** @type {Promise<unknown>} */
      let written = Promise.resolve();
      /** @param {() => Promise<unknown>} write  after those before it */
      const queue = (write) => {
        written = written.then(write).catch(() => {});
      };
      const forget = () => queue(() => store.delete(key));
      if (grant && !isAlive) forget();
      return {
        grant: isAlive ? grant : null,
        save(sent) {
          sent.until ??= now() + sent.expires_in * 1000;
          queue(() => store.put(key, sent));
        },
        forget,
        close: () => void Promise.race([written, wait(STORE_MS)]).then(release), // not before what is written
      };
    },
  };
}

/** @param {string} key  of what is remembered @returns {string} the lock of the tab that sends it */
export function lockName(key) {
  return `oss-direct-upload ${key}`;
}

/**
 * @param {Pick<LockManager, 'request'>} locks
 * @param {string} key
 * @returns {Promise<(() => void) | null>} releases the lock; null when another tab has it, or the page may not lock
 */
function lockOf(locks, key) {
  return new Promise((resolve) => {
    /** @param {Lock | null} lock */
    const hold = (lock) =>
      new Promise((release) => {
        resolve(lock ? () => release(null) : null);
        if (!lock) release(null);
      });
    locks.request(lockName(key), { ifAvailable: true }, hold).catch(() => resolve(null));
  });
}

/** @param {number} ms */
function realTime(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/**
 * Keeps remembered uploads in the browser.
 *
 * @param {string} [name]  of the database
 * @returns {UploadStore & {keys: () => Promise<IDBValidKey[]>}} `keys`: of what is remembered
 */
export function indexedDbStore(name = 'oss-direct-upload') {
  /**
   * @template T
   * @param {(uploads: IDBObjectStore) => IDBRequest<T>} run
   * @returns {Promise<T>}
   */
  const within = async (run) => {
    const opening = indexedDB.open(name);
    opening.onupgradeneeded = () => opening.result.createObjectStore(UPLOADS);
    const database = await answered(opening);
    try {
      return await answered(run(database.transaction(UPLOADS, 'readwrite').objectStore(UPLOADS)));
    } finally {
      database.close();
    }
  };
  return {
    get: (key) => within((uploads) => uploads.get(key)),
    put: (key, upload) => within((uploads) => uploads.put(upload, key)),
    delete: (key) => within((uploads) => uploads.delete(key)),
    keys: () => within((uploads) => uploads.getAllKeys()),
  };
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function answered(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
