/**
 * Uploads in parts that are not finished: what this browser remembers of them, for one user. No DOM.
 *
 * Beside what resume.js needs, the file's handle is kept where the browser has given one, so that the file need not be
 * chosen again.
 */
import { resultIn } from '../lib/answers.js';
import { combine } from '../lib/crc64.js';
import { indexedDbStore, lockName, remember } from '../lib/resume.js';
import { wait, withTimeLimit } from '../lib/timing.js';

/** @import { Memory, PartsGrant, Result, Transport, UploadStore } from '../lib/upload.js' */

/**
 * @typedef {{name: string, size: number, lastModified: number}} FileFacts  by which a file is known again
 *
 * @typedef {PartsGrant & {handle?: FileSystemFileHandle}} Kept
 *
 * @typedef {Object} Unfinished
 * @property {FileFacts & {type: string}} file
 * @property {number} loaded  bytes that have arrived
 * @property {FileSystemFileHandle | null} handle
 * @property {Result | null} stored  the callback's answer, if it was completed all the same
 *
 * @typedef {UploadStore & {keys: () => Promise<IDBValidKey[]>}} Store
 */

const ANSWER_MS = 15_000;
const ONE_PART_BYTES = 8 * 1024 ** 2; // up to here nothing is kept that would not be sent again

export class UnfinishedUploads {
  /** @type {Map<string, FileSystemFileHandle>} of files that were chosen on this page */
  #handles = new Map();
  /** @type {Map<string, string>} the key of each file that is remembered and under way on this page */
  #kept = new Map();
  #forgotten = false;

  /**
   * @param {Object} options
   * @param {string} options.tokenUrl
   * @param {string} options.owner  the user; empty where nobody signs in
   * @param {Pick<Transport, 'postJson'>} options.transport
   * @param {() => void} options.onChange  after a file has begun to be remembered, or no longer is
   * @param {Store} [options.store]
   * @param {Pick<LockManager, 'request' | 'query'> | undefined} [options.locks]
   * @param {() => number} [options.now]
   */
  constructor({
    tokenUrl,
    owner,
    transport,
    onChange,
    store = indexedDbStore(),
    locks = navigator.locks,
    now = Date.now,
  }) {
    this.tokenUrl = tokenUrl;
    this.owner = owner;
    this.transport = transport;
    this.onChange = onChange;
    this.store = store;
    this.locks = locks;
    this.now = now;
    const memory = remember(this.#watched(), { owner, locks, now });
    /** @type {Memory} for the uploader */
    this.memory = {
      open: async (upload) => (upload.file.size > ONE_PART_BYTES ? memory.open(upload) : null),
    };
  }

  /** @param {FileFacts} file @returns {boolean} whether its upload goes on when the page is opened again */
  keeps(file) {
    return !this.#forgotten && this.#kept.has(factsOf(file));
  }

  /** @param {FileSystemHandle | null} handle  of what was chosen or dropped */
  async takeHandle(handle) {
    if (!(handle && handle.kind === 'file')) return;
    const fileHandle = /** @type {FileSystemFileHandle} */ (handle);
    try {
      this.#handles.set(factsOf(await fileHandle.getFile()), fileHandle);
    } catch {
      // gone meanwhile: without a handle the file is chosen again
    }
  }

  /** @returns {Promise<Unfinished[]>} those that no tab is sending; what has ended, or is stored, is forgotten */
  async list() {
    if (!this.locks) return [];
    try {
      const { held = [] } = await this.locks.query();
      const busy = new Set(held.map(({ name }) => name));
      const found = await Promise.all(
        (await this.#keys()).filter((key) => !busy.has(lockName(key))).map((key) => this.#read(key)),
      );
      return found.filter((one) => one !== null);
    } catch {
      return []; // storage may be forbidden
    }
  }

  /** Forgets an upload, and has OSS drop its parts. @param {FileFacts} file */
  async discard(file) {
    const facts = factsOf(file);
    await this.#forget((key) => factsInKey(key) === facts);
  }

  /** Forgets all uploads of this user. Those under way go on until the page is closed. */
  async clear() {
    this.#forgotten = true;
    this.onChange();
    await this.#forget(() => true);
  }

  /** @param {(key: string) => boolean} isMeant */
  async #forget(isMeant) {
    try {
      for (const key of (await this.#keys()).filter(isMeant)) {
        const kept = /** @type {Kept | undefined} */ (await this.store.get(key));
        await this.store.delete(key);
        const isUnderWay = this.#forgotten && this.#kept.has(factsInKey(key));
        if (kept && !kept.completing && !isUnderWay) this.#abort(kept);
      }
    } catch {
      // storage may be forbidden: then nothing is in it
    }
  }

  /** @param {Kept} kept  nobody waits for it: a rule of the bucket drops the parts in the end */
  #abort({ ticket }) {
    const { signal } = new AbortController(); // nobody cancels
    withTimeLimit({ signal, wait, now: this.now }, ANSWER_MS, (over) =>
      this.transport.postJson(`${this.tokenUrl}abort`, { ticket }, {}, over, true),
    ).catch(() => {});
  }

  /**
   * @param {Kept} kept  that was being completed
   * @param {number} size
   * @returns {Promise<Result | null>} the callback's answer, if what was sent is stored; otherwise the file is needed
   */
  async #storedAs(kept, size) {
    const { confirm, ticket, sent = {}, parts, part_size: partSize } = kept;
    const { signal } = new AbortController(); // nobody cancels
    const crcs = Object.values(sent);
    try {
      const answer = await withTimeLimit({ signal, wait, now: this.now }, ANSWER_MS, (over) =>
        this.transport.postJson(confirm, { ticket }, {}, over),
      );
      const result = resultIn(answer, kept);
      const isSame =
        !result?.['crc64'] || result['crc64'] === combine(crcs, partSize, size - (parts - 1) * partSize);
      return crcs.length === parts && isSame ? result : null;
    } catch {
      return null;
    }
  }

  /** @returns {Promise<string[]>} the keys of this user's uploads to this address */
  async #keys() {
    const keys = (await this.store.keys()).map(String);
    return keys.filter((key) => {
      const [tokenUrl, owner] = JSON.parse(key);
      return tokenUrl === this.tokenUrl && owner === this.owner;
    });
  }

  /** @param {string} key @returns {Promise<Unfinished | null>} null if it has ended, or another tab has just forgotten it */
  async #read(key) {
    const kept = /** @type {Kept | undefined} */ (await this.store.get(key));
    if (!kept) return null;
    if (this.now() >= (kept.until ?? 0)) {
      await this.store.delete(key);
      return null;
    }
    const [, , name, size, lastModified, type] = JSON.parse(key);
    const file = { name, size, lastModified, type };
    const stored = kept.completing ? await this.#storedAs(kept, size) : null;
    if (stored) await this.store.delete(key);
    return { file, loaded: loadedOf(kept, size), handle: kept.handle ?? null, stored };
  }

  /** @returns {UploadStore} the store, as this page uses it */
  #watched() {
    return {
      get: (key) => this.store.get(key),
      put: async (key, upload) => {
        if (this.#forgotten) return;
        const facts = factsInKey(key);
        const handle = this.#handles.get(facts);
        /** @type {Kept} */
        const kept = handle ? { ...upload, handle } : upload;
        await this.store.put(key, kept);
        if (this.#kept.has(facts)) return;
        this.#kept.set(facts, key);
        this.onChange();
      },
      delete: async (key) => {
        this.#kept.delete(factsInKey(key));
        this.onChange();
        await this.store.delete(key);
      },
    };
  }
}

/** @param {FileFacts} file */
function factsOf({ name, size, lastModified }) {
  return JSON.stringify([name, size, lastModified]);
}

/** @param {string} key  of the store */
function factsInKey(key) {
  const [, , name, size, lastModified] = JSON.parse(key);
  return factsOf({ name, size, lastModified });
}

/** @param {Kept} kept @param {number} size  of the file @returns {number} bytes */
function loadedOf({ sent = {}, part_size: partSize, parts }, size) {
  const numbers = Object.keys(sent).map(Number);
  const last = numbers.includes(parts) ? parts * partSize - size : 0; // bytes that the last part lacks
  return numbers.length * partSize - last;
}
