/**
 * Asks for the grants of small files before their turn comes: of the first ones while the user looks at what was chosen,
 * of the others while some are sent. One request is for twenty files. No DOM.
 *
 * What fails here fails nothing: the upload asks again, and says what is wrong.
 */

import { wait, withTimeLimit } from '../lib/timing.js';

/** @import { FormGrant } from '../lib/upload.js' */

/** @typedef {{name: string, size: number, type: string}} Wanted  a file, as the token function is asked for it */

const AT_ONCE = 20; // files in one request
const AHEAD = 10; // so many grants should be ready while files are sent
const SMALL_BYTES = 8 * 1024 ** 2; // a larger file may be sent in parts: its grant costs a request to OSS
const LEFT_MS = 60_000; // that a grant must still live when its file is sent
const ANSWER_MS = 15_000; // an upload waits no longer for the answer
const SETTLE_MS = 100; // files that are chosen together are added one after the other

export class GrantsAhead {
  /** @type {Map<string, Wanted>} by id: files without a grant, in the order of their turns */
  #wanted = new Map();
  /** @type {Map<string, Promise<FormGrant | null>>} by id */
  #asked = new Map();
  #isSettling = false;

  /**
   * @param {(files: Wanted[], signal: AbortSignal) => Promise<(FormGrant | null)[]>} ask  resolves with their grants, in
   *   this order
   * @param {() => number} [now]  milliseconds
   */
  constructor(ask, now = Date.now) {
    this.ask = ask;
    this.now = now;
  }

  /** @param {string} id @param {Wanted} file  that was chosen */
  add(id, file) {
    if (file.size > SMALL_BYTES) return;
    this.#wanted.set(id, file);
    if (this.#asked.size > 0) return; // the others are asked for when these are sent
    if (this.#isSettling) return;
    this.#isSettling = true;
    setTimeout(() => {
      this.#isSettling = false;
      this.#askNext();
    }, SETTLE_MS);
  }

  /** @param {string} id  of a file that is not sent, or no longer with what was asked for */
  drop(id) {
    this.#wanted.delete(id);
    this.#asked.delete(id);
  }

  /** @param {string} from @param {string} to  the id of the same file from now on */
  rename(from, to) {
    const wanted = this.#wanted.get(from);
    const asked = this.#asked.get(from);
    this.drop(from);
    if (wanted) this.#wanted.set(to, wanted);
    if (asked) this.#asked.set(to, asked);
  }

  /** @param {string} id @returns {Promise<FormGrant | null>} null if the upload has to ask by itself */
  async take(id) {
    if (this.#wanted.has(id)) this.#askNext(id);
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (this.#asked.size < AHEAD) this.#askNext();
    const grant = (await asked) ?? null;
    return grant && this.now() + LEFT_MS < (grant.until ?? 0) ? grant : null;
  }

  /** @param {string} [first]  the file that is needed now */
  #askNext(first) {
    const ids = [...(first ? [first] : []), ...this.#wanted.keys()];
    const next = [...new Set(ids)].slice(0, Math.max(AT_ONCE - this.#asked.size, first ? 1 : 0));
    const files = next.flatMap((id) => this.#wanted.get(id) ?? []);
    if (files.length === 0) return;
    const { signal } = new AbortController(); // nobody cancels
    const answer = withTimeLimit({ signal, wait, now: this.now }, ANSWER_MS, (over) =>
      this.ask(files, over),
    ).catch(() => []);
    for (const [nth, id] of next.entries()) {
      this.#wanted.delete(id);
      this.#asked.set(
        id,
        answer.then((grants) => grants[nth] ?? null),
      );
    }
  }
}

/**
 * @param {string} body  of an answer to a request for many files
 * @param {number} now  milliseconds
 * @returns {(FormGrant | null)[]} null where a file was refused; empty if the whole request was
 */
export function grantsIn(body, now) {
  const { uploads = [] } = JSON.parse(body);
  return uploads.map((/** @type {FormGrant} */ one) =>
    one.fields && one.url ? { ...one, until: now + one.expires_in * 1000 } : null,
  );
}
