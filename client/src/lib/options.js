/**
 * What the caller of an upload gives, and what its steps work with. Types only, no code.
 */

/** @import { UploadError } from './errors.js' */
/** @import { Grant, Headers, PartsGrant, Transport, UploadState } from './protocol.js' */

/**
 * @typedef {Object} UploadStore  Keeps the grants of uploads in parts; a failure of it fails no upload. A key is JSON of
 *   `[tokenUrl, owner, name, size, lastModified, type, data, profile]`.
 * @property {(key: string) => Promise<PartsGrant | null | undefined>} get
 * @property {(key: string, upload: PartsGrant) => Promise<unknown>} put
 * @property {(key: string) => Promise<unknown>} delete
 *
 * @typedef {Object} Memory  What resume.js makes of such a store.
 * @property {(upload: Pick<Job, 'tokenUrl' | 'file' | 'data' | 'profile'>) => Promise<RememberedUpload | null>} open
 *   null if nothing can be remembered
 *
 * @typedef {Object} RememberedUpload
 * @property {PartsGrant | null} grant  of an earlier upload of the same file
 * @property {(grant: PartsGrant) => void} save
 * @property {() => void} forget
 * @property {() => void} close
 *
 * @typedef {{paused: boolean, listeners: Set<() => void>}} Control  An `UploadControl`.
 *
 * @typedef {Object} Environment  Network, clock and chance: replaced by tests.
 * @property {Transport} transport
 * @property {() => number} now  milliseconds
 * @property {() => number} random  0 to 1
 * @property {(ms: number, signal: AbortSignal) => Promise<unknown>} wait  rejects when the signal aborts
 * @property {() => Promise<unknown>} turn  ends when all uploads that begin at this moment have begun
 * @property {(ms: number, signal: AbortSignal) => Promise<boolean>} online  whether the browser says that it is online:
 *   true as soon as it does, false after this time; rejects when the signal aborts
 *
 * @typedef {Object} Options
 * @property {string} tokenUrl  address of the token function, with or without a slash at its end
 * @property {Headers | ((file: File, after: UploadError | null) => Headers | Promise<Headers>)} [headers]  for the
 *   token function only. A function is called before each request for a grant, with the error of the try before
 *   (`after`). It has no time limit: a user may have to sign in again. If it fails while the browser says that it is
 *   offline, it is called again later.
 * @property {Record<string, string>} [data]  what the page says of the upload: your backend gets it as `page_data`. Names
 *   of 1 to 32 letters a-z, digits and `_`; together at most 512 bytes of JSON, or the token function refuses the file
 * @property {string} [profile]  a name in the token function's PROFILES, whose limits and folder hold
 * @property {AbortSignal} [signal]  cancels the upload: OSS drops the parts that have arrived
 * @property {Control} [control]  pauses the upload, and goes on with it
 * @property {Memory} [memory]  remembers uploads in parts: the next upload of the same file goes on (resume.js)
 * @property {(state: UploadState) => void} [onState]  an error it throws goes to the window's `error` event
 * @property {Grant | null | Promise<Grant | null>} [grant]  for this file, asked for ahead, with its `until`; for the first try
 * @property {Grant | null} [unconfirmed]  of an earlier failure: the upload first asks whether that one is
 *   stored, or goes on with its parts
 *
 * @typedef {Environment & {
 *   file: File, tokenUrl: string, headers?: Options['headers'], signal: AbortSignal,
 *   control: Control, memory?: Memory, data?: Record<string, string>, profile?: string,
 *   grant?: Options['grant'],
 *   report: (state: UploadState) => void, unconfirmed: Grant | null, inParts: boolean,
 *   crc: string | null,
 * }} Job  One upload: the options with their defaults. `unconfirmed` is set while the file, or a part of it, may be
 *   stored. `inParts`: whether it may be sent in parts. `crc` is the CRC64 of all that was sent, if it is known.
 */

export {};
