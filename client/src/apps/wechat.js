/**
 * The network of WeChat mini programs.
 */
import { miniProgramTransport } from './mini-program.js';

/** @import { Transport } from '../lib/upload.js' */

/**
 * @param {{request: (options: any) => any, uploadFile: (options: any) => any}} wx
 * @returns {Transport}
 */
export function wechatTransport(wx) {
  return miniProgramTransport(wx);
}
