/**
 * The shapes of the upload protocol. Types only, no code.
 */

/**
 * @typedef {Object} Grant  What the token function signed for one file.
 * @property {string} id
 * @property {string} url  where the form is posted
 * @property {Record<string, string>} fields  of the form, in this order
 * @property {number} expires_in  seconds
 * @property {string} ticket
 * @property {string} confirm  address that takes the ticket and answers whether the file is stored
 * @property {boolean} [stored]  set here, once OSS has said that the file is stored
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
 *   | {state: 'confirming'}
 *   | {state: 'done', result: Result}
 *   | {state: 'failed', code: string, status: number, retryable: boolean, requestId: string | null}
 * )} UploadState  `signing` after `sending` or `confirming` means that the upload starts over. `loaded` and `total`
 *   count bytes of the file, not of the form around it.
 *
 * @typedef {Object} Transport  The network. Each function rejects with the signal's reason or with a `NetworkFault`.
 * @property {(url: string, headers: Headers, signal: AbortSignal) => Promise<Answer>} get
 * @property {(url: string, fields: Record<string, string>, file: File,
 *   onProgress: (loaded: number, total: number) => void, signal: AbortSignal) => Promise<Answer>} postForm
 * @property {(url: string, body: unknown, headers: Headers, signal: AbortSignal) => Promise<Answer>} postJson
 */

export {};
