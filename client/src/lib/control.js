/**
 * Pausing an upload, and going on with it.
 */
import { UploadError } from './errors.js';
import { unlessAborted } from './timing.js';

/** @import { Control, Job } from './options.js' */

/** Give it to `uploadFile` as `control`. One may be given to many uploads. No EventTarget: not all apps have that. */
export class UploadControl {
  constructor() {
    this.paused = false;
    /** @type {Set<() => void>} called after each change */
    this.listeners = new Set();
  }

  /** Stops sending. A file that is sent in parts goes on where it was; a form is sent again from its beginning. */
  pause() {
    change(this, true);
  }

  resume() {
    change(this, false);
  }
}

/** @param {UploadControl} control @param {boolean} paused */
function change(control, paused) {
  control.paused = paused;
  for (const listener of [...control.listeners]) listener();
}

/** @param {Control} control @param {AbortSignal} over @param {() => void} listener  called after each change, until `over` aborts */
function onChange({ listeners }, over, listener) {
  listeners.add(listener);
  over.addEventListener('abort', () => listeners.delete(listener));
}

/** Ends what a pause interrupts; no caller of `uploadFile` sees it. */
export const PAUSED = new UploadError('aborted', '');

/**
 * @template T
 * @param {Job} job
 * @param {(signal: AbortSignal) => Promise<T>} run
 * @param {() => boolean} [mayStop]  whether a pause may still interrupt it
 * @returns {Promise<T>}
 * @throws {UploadError} `PAUSED`
 */
export function unlessPaused({ signal, control }, run, mayStop = () => true) {
  return unlessAborted(signal, (_, over, reject) => {
    if (control.paused) return reject(PAUSED);
    onChange(control, over, () => control.paused && mayStop() && reject(PAUSED));
    return run(over);
  });
}

/** @param {Job} job @param {number} loaded  bytes that have arrived */
export async function whilePaused({ control, report, signal, file }, loaded) {
  if (!control.paused) return;
  report({ state: 'paused', loaded, total: file.size });
  await unlessAborted(signal, (resolve, over) => {
    onChange(control, over, () => !control.paused && resolve(null));
  });
}
