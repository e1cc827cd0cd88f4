/**
 * The shapes of the upload protocol. Types only, no code.
 */

/**
 * @typedef {Object} GrantBase  What every grant has.
 * @property {string} id
 * @property {number} expires_in  seconds
 * @property {string} ticket
 * @property {string} confirm  address that takes the ticket and answers whether the file is stored
 * @property {number} [until]  set here: its end, in milliseconds by the clock of this machine
 * @property {boolean} [stored]  set here, once OSS has said that the file is stored
 *
 * @typedef {Object} FormOnly
 * @property {undefined} [kind]
 * @property {string} url  where the form is posted
 * @property {Record<string, string>} fields  of the form, in this order
 *
 * @typedef {Object} PartsOnly
 * @property {'multipart'} kind
 * @property {number} part_size  bytes of each part but the last
 * @property {number} parts  their number
 * @property {Record<number, string>} [sent]  set here: the CRC64 of each part that has arrived
 * @property {boolean} [completing]  set here, while the parts may have been put together
 *
 * @typedef {GrantBase & FormOnly} FormGrant  What the token function signed for one file, sent whole as a form.
 * @typedef {GrantBase & PartsOnly} PartsGrant  The same for a large file, sent in parts.
 * @typedef {FormGrant | PartsGrant} Grant
 *
 * @typedef {Record<string, unknown> & {id: string}} Result  The callback's JSON answer, unchanged.
 *
 * @typedef {Record<string, string>} Headers
 *
 * @typedef {{status: number, headers: Headers, body: string}} Answer  Header names in lower case.
 *
 * @typedef {(
 *   | {state: 'signing'}
 *   | {state: 'sending', loaded: number, total: number}
 *   | {state: 'paused', loaded: number, total: number}
 *   | {state: 'checking'}
 *   | {state: 'confirming'}
 *   | {state: 'done', result: Result}
 *   | {state: 'failed', code: string, status: number, retryable: boolean, requestId: string | null}
 * )} UploadState  `signing` after another state means that the upload starts over; `sending` after `checking`,
 *   `confirming` or `paused`, that it goes on. `checking`: parts of an earlier visit are compared with the file before all
 *   are put together. `loaded` and `total` count bytes of the file, not of the form around it.
 *
 * @typedef {Object} Transport  The network. Each function rejects with the signal's reason, a `NetworkFault`, or what reading
 *   the file has failed with.
 * @property {(url: string, fields: Record<string, string>, file: File,
 *   onProgress: (loaded: number, total: number) => void, signal: AbortSignal) => Promise<Answer>} postForm
 * @property {(url: string, part: Blob, onProgress: (loaded: number, total: number) => void,
 *   signal: AbortSignal) => Promise<Answer>} putPart
 * @property {(url: string, body: unknown, headers: Headers, signal: AbortSignal, keepalive?: boolean) =>
 *   Promise<Answer>} postJson  `keepalive`: the request outlives the page
 */

export {};
