/**
 * Reports how much of a file has been sent, and not too often.
 */

/** @import { Job } from './options.js' */

const REPORT_MS = 100; // between two reports of progress: WebKit has one for each 8 KB

/**
 * @param {Job} job
 * @param {() => number} loaded  bytes of the file
 * @returns {(isNews?: boolean) => void}  `isNews` is reported at once
 */
export function reporter({ report, now, file }, loaded) {
  let reportedAt = 0;
  return (isNews = false) => {
    if (!isNews && Math.abs(now() - reportedAt) < REPORT_MS) return;
    reportedAt = now();
    report({ state: 'sending', loaded: loaded(), total: file.size });
  };
}
