/**
 * Pausing an upload, and going on with it.
 */
import { UploadError } from './errors.js';
import { unlessAborted } from './timing.js';

/** @import { Job } from './options.js' */

/** Give it to `uploadFile` as `control`. One may be given to many uploads. It fires `pause` and `resume`. */
export class UploadControl extends EventTarget {
  constructor() {
    super();
    this.paused = false;
  }

  /** Stops sending. A file that is sent in parts goes on where it was; a form is sent again from its beginning. */
  pause() {
    this.paused = true;
    this.dispatchEvent(new Event('pause'));
  }

  resume() {
    this.paused = false;
    this.dispatchEvent(new Event('resume'));
  }
}

/** Ends what a pause interrupts; no caller of `uploadFile` sees it. */
export class Paused extends UploadError {
  constructor() {
    super('aborted', '');
  }
}

/**
 * @template T
 * @param {Job} job
 * @param {(signal: AbortSignal) => Promise<T>} run
 * @param {() => boolean} [mayStop]  whether a pause may still interrupt it
 * @returns {Promise<T>}
 * @throws {Paused}
 */
export function unlessPaused({ signal, control }, run, mayStop = () => true) {
  return unlessAborted(signal, (resolve, over, reject) => {
    if (control.paused) return reject(new Paused());
    control.addEventListener('pause', () => mayStop() && reject(new Paused()), { signal: over });
    run(over).then(resolve, reject);
  });
}

/** @param {Job} job @param {number} loaded  bytes that have arrived */
export async function whilePaused({ control, report, signal, file }, loaded) {
  if (!control.paused) return;
  report({ state: 'paused', loaded, total: file.size });
  await unlessAborted(signal, (resolve, over) => {
    control.addEventListener('resume', () => resolve(null), { signal: over });
  });
}
