/**
 * The browser's window while files are sent: its title, the warning before it is closed, and the screen that stays on.
 */
import { WakeLock } from './wake-lock.js';

export class BusyWindow {
  #wakeLock = new WakeLock();
  /** @param {BeforeUnloadEvent} event */
  #warn = (event) => event.preventDefault();

  /**
   * @param {Object} now
   * @param {string} now.title
   * @param {boolean} now.isSending
   * @param {boolean} now.wouldLose  whether closing the page would lose something
   */
  show({ title, isSending, wouldLose }) {
    if (document.title !== title) document.title = title;
    this.#wakeLock.want(isSending && document.visibilityState === 'visible');
    if (wouldLose) addEventListener('beforeunload', this.#warn);
    else removeEventListener('beforeunload', this.#warn);
  }
}
