/**
 * What the library leaves out in apps: the build of `apps.js` takes this module where the library imports those of
 * `ABSENT_IN_APPS` (client/library.js). A platform's file is sent whole, by a transport that the caller gives, and never
 * read; so there are neither parts nor checksums, nor the BigInt that those need.
 */

export const browserTransport = undefined;

/** No upload fails with it: nothing is sent by PUT. */
export class PutBlocked extends Error {}

export const sendInParts = () => Promise.reject(new Error('Apps send files whole.'));

export const assertReadable = async () => {};

export const assertStoredWhole = async () => {};
