/**
 * The page's texts in English. Their type is the list of all texts: `tsc` finds a key that another language lacks.
 */
import { distinctSizes, isKnownType, listOfNames, sizeInWords } from './formatting.js';

/** @import { Limits } from '../settings.js' */

export const typeNames = {
  '*/*': 'any type',
  'image/*': 'images',
  'video/*': 'videos',
  'audio/*': 'audio',
  'text/*': 'text files',
  'font/*': 'fonts',
  'text/plain': 'plain text',
  'text/csv': 'CSV',
  'text/tab-separated-values': 'TSV',
  'text/markdown': 'Markdown',
  'text/html': 'HTML',
  'text/xml': 'XML',
  'application/json': 'JSON',
  'application/pdf': 'PDF',
  'application/rtf': 'RTF',
  'application/zip': 'ZIP',
  'application/gzip': 'GZIP',
  'application/x-bzip2': 'BZIP2',
  'application/x-xz': 'XZ',
  'application/x-7z-compressed': '7z',
  'application/vnd.rar': 'RAR',
  'application/x-tar': 'TAR',
  'application/msword': 'Word',
  'application/vnd.ms-excel': 'Excel',
  'application/vnd.ms-powerpoint': 'PowerPoint',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'Word',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'Excel',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': 'PowerPoint',
  'application/vnd.openxmlformats-officedocument.presentationml.slideshow': 'PowerPoint',
  'application/vnd.ms-word.document.macroenabled.12': 'Word',
  'application/vnd.ms-excel.sheet.macroenabled.12': 'Excel',
  'application/vnd.ms-excel.sheet.binary.macroenabled.12': 'Excel',
  'application/vnd.ms-powerpoint.presentation.macroenabled.12': 'PowerPoint',
  'application/vnd.visio': 'Visio',
  'application/vnd.ms-visio.drawing': 'Visio',
  'application/vnd.oasis.opendocument.text': 'OpenDocument',
  'application/vnd.oasis.opendocument.spreadsheet': 'OpenDocument',
  'application/vnd.oasis.opendocument.presentation': 'OpenDocument',
  'application/vnd.ms-outlook': 'Outlook messages',
  'application/octet-stream': 'files of no known type',
};

/** @param {string[]} types @returns {string} `a, b and c` */
const listOfTypes = (types) => new Intl.ListFormat('en-GB').format(listOfNames(types, typeNames));

export const texts = {
  title: 'Direct upload',
  heading: 'Upload files',
  lead: 'Files go straight from your browser to Alibaba Cloud OSS. When one arrives, you see your server’s reply.',
  choose: 'Choose files',
  language: 'Language',
  note: 'Files can be pasted, too, and dropped anywhere on this page.',
  loading: 'Checking what can be uploaded…',
  limits: (/** @type {Limits} */ { maxBytes, types, slowestBytesPerSecond: slowest }) =>
    `Up to ${sizeInWords(maxBytes)} each: ${listOfTypes(types)}.` +
    (slowest ? ` The largest need a connection that sends at least ${sizeInWords(slowest)} a second.` : ''),
  tryAgain: 'Try again',
  askAgain: 'Ask again',
  pause: 'Pause',
  resume: 'Continue',
  pauseAll: 'Pause all',
  resumeAll: 'Continue all',
  cancel: 'Cancel',
  cancelAll: 'Cancel all',
  remove: 'Dismiss',
  discard: 'Discard',
  clear: 'Clear the list',
  copy: 'Copy',
  copied: 'Copied',
  copyAnswer: 'Copy reply',
  open: 'Open',
  copyLink: 'Copy link',
  preview: (/** @type {string} */ name) => `Preview of ${name}`,
  uploads: 'Uploads',
  tally: (/** @type {number} */ done, /** @type {number} */ all) => `${done} of ${all} done`,
  allUploaded: 'All uploaded',
  answer: 'Your server’s reply',
  facts: { key: 'Key', size: 'Size', etag: 'ETag', type: 'Type' },
  requestId: 'Request ID',
  aboutFile: (/** @type {string} */ action, /** @type {string} */ name) => `${action}: ${name}`,
  trouble: {
    config:
      'This page does not know where to upload: its config.json is missing, broken or cannot be reached.',
    limits: 'The upload service cannot be reached, so nothing can be uploaded right now.',
    page: 'Something in this page went wrong while it opened. Try again; if that does not help, use a newer browser.',
  },
  signIn: {
    heading: 'Sign in',
    lead: 'Only people who have signed in may upload here. Paste the access token that your sign-in gave you.',
    token: 'Access token',
    go: 'Continue',
    out: 'Sign out',
    privacy:
      'It stays in this page, goes to the upload service only, and is forgotten when you close or reload the page.',
    expired: 'Your sign-in has expired. Paste a new token, and your uploads will continue.',
    done: 'You are signed in.',
    anotherUser: 'This token is somebody else’s. Sign out before they sign in.',
  },
  states: {
    waiting: 'Waiting for its turn',
    signing: 'Getting permission to upload…',
    signingAgain: 'That did not get through. Trying again…',
    offline: 'Waiting for the network',
    signIn: 'Waiting for you to sign in again',
    sending: (/** @type {string} */ loaded, /** @type {string} */ total) => `${loaded} of ${total}`,
    speed: (/** @type {string} */ size) => `${size}/s`,
    timeLeft: (/** @type {number} */ seconds) =>
      seconds < 60
        ? `${seconds} s left`
        : seconds < 3600
          ? `${Math.round(seconds / 60)} min left`
          : `${(seconds / 3600).toFixed(1)} h left`,
    continuing: 'Continuing where it stopped…',
    paused: 'Paused',
    unfinished: 'Not finished',
    answering: 'Sent. Waiting for the reply…',
    checking: 'Sent. Checking it against the file…',
    confirming: 'Sent. Confirming that it arrived…',
    stalled: 'Nothing gets through at the moment',
    longer: 'It takes longer than usual',
    done: 'Done',
    madeSmaller: (/** @type {string} */ before, /** @type {string} */ now) =>
      `made smaller: ${before} → ${now}`,
    failed: 'Failed',
    aborted: 'Cancelled',
    refused: 'Not sent',
    notConfirmed: 'Stored, not confirmed',
    notKnown: 'Sent, not confirmed',
  },
  unfinished: {
    choose_again: 'Choose this file again, and its upload continues where it stopped.',
    another_file: 'That is another file: its name, size or date differs. Choose the one of this upload.',
  },
  refused: {
    duplicate: 'A file with this name, size and date is among the chosen ones already.',
    unconfirmed:
      'This file may have arrived already. Ask again in its row, or dismiss that row to upload the file again.',
    too_large: (/** @type {number} */ size, /** @type {Limits} */ { maxBytes }) => {
      const [has, limit] = distinctSizes(size, maxBytes);
      return `The file is too large: it is ${has}; the limit is ${limit}.`;
    },
    type_not_allowed: (/** @type {string} */ type) =>
      `${isKnownType(type) ? `Files of type ${type}` : 'Files of no known type'} are not accepted here.`,
  },
  codes: {
    aborted: 'You cancelled this upload.',
    network: 'The connection failed, several times. Check your network, then try again.',
    not_confirmed:
      'The file was sent, but your server has not confirmed it yet. Ask again in a moment; ' +
      'the file is sent again only if it is missing.',
    not_stored: 'The file was sent several times but did not arrive. Try again later.',
    too_slow:
      'The upload took longer than it was permitted to. Choose the file again on a faster connection, or a smaller file.',
    grant_expired: 'The permission to upload kept running out before the file was sent. Try again.',
    bad_answer: 'The upload service gave an unexpected reply. Try again later.',
    unexpected: 'Something in this page went wrong. Reload it and try again.',
    corrupted: 'The stored copy differs from your file. Choose the file again.',
    upload_gone:
      'OSS no longer has the parts that were sent. Try again: the file is sent from its beginning.',
    parts_missing: 'Parts of the file did not stay in OSS, several times. Try again later.',
    unreadable: 'The file has changed or is gone since you chose it. Choose it again.',
    not_local: 'The file is not on this device, so it cannot be uploaded from here.',
    missing_parameter: 'This page and the upload service are different versions. Reload the page.',
    unknown_parameter: 'This page and the upload service are different versions. Reload the page.',
    name_invalid: "The file's name holds characters that are not allowed. Rename it and try again.",
    name_too_long: "The file's name is too long. Shorten it and try again.",
    size_invalid: "The file's size was not understood.",
    too_large: 'The file is larger than the upload service allows.',
    type_invalid: "The file's type was not understood.",
    type_not_allowed: 'Files of this type are not accepted.',
    token_missing: 'You are not signed in.',
    token_expired: 'Your sign-in has ended. Sign in again.',
    token_invalid: 'The upload service does not accept your sign-in.',
    foreign_origin: "The upload service does not accept uploads from this page's address.",
    not_found: 'There is no upload service at the address this page was given.',
    method_not_allowed: 'This page and the upload service are different versions. Reload the page.',
    misconfigured: 'The upload service is not set up correctly. Its operator finds the reason in the log.',
    internal: 'Something went wrong in the upload service. Try again later.',
    unavailable: 'The upload service is busy or cannot reach the storage. Try again in a moment.',
    bucket_versioned:
      'Versioning is or was on for this bucket, and uploads here do not support it. The operator must use another bucket.',
    AccessDenied:
      'OSS refused the upload: it does not match what was permitted, or the permission has ended.',
    SignatureDoesNotMatch:
      'OSS refused the upload: its signature is wrong. The operator should check the AccessKey and the region.',
    InvalidAccessKeyId: 'OSS refused the upload: it does not know the key that signed it.',
    InvalidSecurityToken: 'OSS refused the upload: the temporary key that signed it is not valid.',
    InvalidPolicyDocument: "OSS did not understand the upload's permission.",
    InvalidArgument: "OSS did not understand one of the upload's fields.",
    MalformedPOSTRequest:
      'The form was damaged when it arrived at OSS. Something between this page and OSS may have changed it.',
    EntityTooLarge: 'OSS refused the file: it is larger than announced.',
    EntityTooSmall: 'OSS refused the file: it is smaller than announced. Was it changed in the meantime?',
    NoSuchBucket: 'The storage that this upload is meant for does not exist.',
  },
  changed:
    'The file was changed, moved or deleted while it was sent, so the stored copy may be a mixture. Choose it again.',
  differs: 'The stored file is not the file that was to be uploaded, so it was not accepted.',
  refusedWith: (/** @type {number} */ status) => `The upload was refused (${status}).`,
  brokenWith: (/** @type {number} */ status) =>
    `The upload service is out of order at the moment (${status}). Try again later.`,
  announce: (/** @type {string} */ name, /** @type {string} */ what, /** @type {string} */ why) =>
    `${name}: ${what}${why && `. ${why}`}`,
  announceMany: (/** @type {number} */ done, /** @type {number} */ bad, /** @type {number} */ others) =>
    [done && `${done} done`, bad && `${bad} failed or not sent`, others && `${others} in other states`]
      .filter(Boolean)
      .join(', '),
};

/** Uppy's own texts, where ours are clearer. */
export const uppyLocale = {
  strings: {
    browseFiles: 'choose files',
    browseFolders: 'choose a folder',
    dropPasteBoth: 'Drop files here, %{browseFiles} or %{browseFolders}',
    dropHint: 'Release to add the files',
    removeFile: 'Remove %{file}',
    makingSmaller: 'Making images smaller…',
  },
  pluralize: (/** @type {number} */ n) => (n === 1 ? 0 : 1),
};
