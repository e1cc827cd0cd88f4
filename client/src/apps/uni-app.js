/**
 * The network of uni-app: App, H5 and mini programs.
 */
import { miniProgramTransport } from './mini-program.js';

/** @import { Transport } from '../lib/upload.js' */

/**
 * @param {{request: (options: any) => any, uploadFile: (options: any) => any}} uni
 * @returns {Transport}
 */
export function uniAppTransport(uni) {
  return miniProgramTransport(uni);
}
