/**
 * Chooses files. Where the browser gives a handle with a file, as Chromium does on computers, the same file can be read
 * again after the page was closed.
 */

/** @typedef {{file: File, handle: FileSystemFileHandle | null}} Picked */

/** @type {((options: object) => Promise<FileSystemFileHandle[]>) | undefined} */
const showOpenFilePicker = /** @type {any} */ (globalThis).showOpenFilePicker?.bind(globalThis);
// a phone's own chooser has the camera and the photos, the one for handles has not
export const GIVES_HANDLES = showOpenFilePicker !== undefined && matchMedia('(hover: hover)').matches;

/**
 * @param {boolean} multiple
 * @param {string} [accept]  types and extensions, as of an input
 * @returns {Promise<Picked[]>} empty if the user has chosen none
 */
export async function pickFiles(multiple, accept = '') {
  if (!GIVES_HANDLES || !showOpenFilePicker) return pickByInput(multiple, accept);
  try {
    const handles = await showOpenFilePicker({ multiple, types: acceptedTypes(accept) });
    return await Promise.all(handles.map(async (handle) => ({ file: await handle.getFile(), handle })));
  } catch (error) {
    const isCancelled = /** @type {Error} */ (error).name === 'AbortError';
    return isCancelled ? [] : pickByInput(multiple, accept); // in a frame of another site, for one
  }
}

/**
 * @param {FileSystemFileHandle} handle  kept from an earlier visit; the browser may ask the user
 * @returns {Promise<File | null>} null if the user refuses, or the file is gone
 */
export async function fileOf(handle) {
  try {
    const asked = /** @type {any} */ (handle).requestPermission?.({ mode: 'read' });
    return (await asked) === 'denied' ? null : await handle.getFile();
  } catch {
    return null;
  }
}

/** @param {DataTransfer} dropped @returns {Promise<FileSystemHandle | null>[]} their handles, to be asked for during the event */
export function handlesIn({ items }) {
  return [...items]
    .filter(({ kind }) => kind === 'file')
    .map(async (item) => /** @type {any} */ (item).getAsFileSystemHandle?.() ?? null)
    .map((handle) => handle.catch(() => null));
}

/** @param {boolean} multiple @param {string} accept @returns {Promise<Picked[]>} */
function pickByInput(multiple, accept) {
  const facts = { type: 'file', multiple, accept, hidden: true };
  const input = Object.assign(document.createElement('input'), facts);
  document.body.append(input); // else Safari on an iPhone reports no choice
  return new Promise((resolve) => {
    function end() {
      input.remove();
      resolve([...(input.files ?? [])].map((file) => ({ file, handle: null })));
    }
    input.addEventListener('change', end);
    input.addEventListener('cancel', end);
    input.click();
  });
}

/** @param {string} accept */
function acceptedTypes(accept) {
  const all = accept.split(',').map((one) => one.trim());
  const extensions = all.filter((one) => /^\.[a-z0-9+.]{1,15}$/i.test(one));
  const types = all.filter((one) => /^[a-z]+\/[\w.+*-]+$/i.test(one));
  if (types.length === 0) return [];
  return [{ accept: Object.fromEntries(types.map((type, nth) => [type, nth === 0 ? extensions : []])) }];
}
