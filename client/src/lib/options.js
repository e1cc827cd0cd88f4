/**
 * What the caller of an upload gives, and what its steps work with. Types only, no code.
 */

/** @import { UploadError } from './errors.js' */
/** @import { Grant, Headers, Transport, UploadState } from './protocol.js' */

/**
 * @typedef {Object} Environment  Network, clock and chance: replaced by tests.
 * @property {Transport} transport
 * @property {() => number} now  milliseconds
 * @property {() => number} random  0 to 1
 * @property {(ms: number, signal: AbortSignal) => Promise<unknown>} wait  rejects when the signal aborts
 * @property {(ms: number, signal: AbortSignal) => Promise<boolean>} online  whether the browser says that it is online:
 *   true as soon as it does, false after this time; rejects when the signal aborts
 *
 * @typedef {Object} Options
 * @property {string} tokenUrl  address of the token function
 * @property {Headers | ((file: File, after: UploadError | null) => Headers | Promise<Headers>)} [headers]  for the
 *   token function only. A function is called before each request for a grant, with the error of the try before
 *   (`after`). It has no time limit: a user may have to sign in again. If it fails while the browser says that it is
 *   offline, it is called again later.
 * @property {AbortSignal} [signal]
 * @property {(state: UploadState) => void} [onState]  an error it throws goes to the window's `error` event
 * @property {Grant | null} [unconfirmed]  of an earlier failure: the upload first asks whether that one is stored
 *
 * @typedef {Environment & {
 *   file: File, tokenUrl: string, headers: NonNullable<Options['headers']>, signal: AbortSignal,
 *   report: (state: UploadState) => void, unconfirmed: Grant | null,
 * }} Job  One upload: the options with their defaults. `unconfirmed` is set while the file may be stored.
 */

export {};
