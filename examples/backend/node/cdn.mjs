// Addresses of a CDN whose origin is the private bucket, signed by the CDN's URL signing, type A.
import { createHash } from 'node:crypto';

/** Return the address; how long it lives from `now`, in epoch seconds, is set in the CDN's console. */
export function address(domain, key, cdnKey, now) {
  const path = `/${key.split('/').map(encodeURIComponent).join('/')}`;
  const stamp = `${Math.floor(now)}-0-0`;
  const digest = createHash('md5').update(`${path}-${stamp}-${cdnKey}`).digest('hex');
  return `https://${domain}${path}?auth_key=${stamp}-${digest}`;
}
