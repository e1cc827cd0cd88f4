/**
 * Makes images of the chosen files smaller, and has the Dashboard say so while they are waited for. Loaded only where
 * config.json wants it.
 */
import { compressor } from './compressor.js';
import { SmallerImages, shrinkingIn } from './smaller-images.js';

/** @import { PageFile, PageUppy } from './files.js' */
/** @import { FileFacts } from './unfinished.js' */

/**
 * @param {PageUppy} chooser
 * @param {unknown} option  `shrinkImages` of config.json
 * @param {(file: PageFile) => void} onReady  called with each image when it is what will be sent
 * @throws {Error} if the option is none
 */
export function shrinkChosen(chooser, option, onReady) {
  const images = new SmallerImages(compressor(shrinkingIn(option)), {
    isWanted: (id, chosen) => chooser.getFile(id)?.data === chosen,
    onReady: (id, data) => {
      const { meta, size, data: chosen } = chooser.getFile(id);
      if (data !== chosen)
        chooser.setFileState(id, { data, size: data.size, meta: { ...meta, sizeBefore: size ?? 0 } });
      onReady(chooser.getFile(id));
    },
  });
  return {
    /** @param {PageFile} file  an image that was chosen @returns {boolean} whether `onReady` will be called with it */
    add({ id, data, type }) {
      if (!(data instanceof File)) return false;
      images.add(id, data, type);
      return true;
    },

    /** @param {string[]} ids  resolves when all of them are ready */
    async settle(ids) {
      const waiting = ids.filter((id) => images.ready(id));
      const show = (/** @type {string} */ id, /** @type {number} */ value) =>
        chooser.emit('preprocess-progress', chooser.getFile(id), {
          mode: 'determinate',
          message: chooser.i18n('makingSmaller'),
          value,
        });
      for (const id of waiting) show(id, 0);
      await Promise.all(waiting.map((id) => images.ready(id)?.then(() => show(id, 1))));
      for (const id of waiting) chooser.emit('preprocess-complete', chooser.getFile(id));
    },

    /** @param {FileFacts} file @returns {boolean} whether it is an image that was made smaller */
    made: (file) => images.made(file),
  };
}
