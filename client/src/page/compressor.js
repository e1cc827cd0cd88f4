/**
 * Draws an image smaller, with Compressor.js, which is loaded when the first image needs it.
 */

/** @import { Compress, Shrinking } from './smaller-images.js' */

/** @param {Shrinking} shrinking @returns {Compress} */
export function compressor({ maxSide, quality }) {
  return async (file, type) => {
    const { default: Compressor } = await import('compressorjs');
    return new Promise((resolve, reject) => {
      new Compressor(file, {
        maxWidth: maxSide,
        maxHeight: maxSide,
        quality,
        mimeType: type,
        convertTypes: [], // a PNG stays one
        checkOrientation: false, // browsers turn images by their EXIF; doing it here would copy the file twice
        beforeDraw: (context) => {
          context.imageSmoothingQuality = 'high';
        },
        success: resolve,
        error: reject,
      });
    });
  };
}
