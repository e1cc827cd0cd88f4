/* global document, location */
/** A page of somebody else: Uppy with Golden Retriever, and uppy-oss.js with a memory. */
import Uppy from '@uppy/core';
import GoldenRetriever from '@uppy/golden-retriever';
import { remember } from './library/resume.js';
import OssUpload from './library/uppy-oss.js';

const [input, button, output] = document.querySelectorAll('input, button, output');
const tokenUrl = new URLSearchParams(location.search).get('token');
const uppy = new Uppy({ autoProceed: true });
uppy.use(GoldenRetriever, { indexedDB: { maxFileSize: 100 * 1024 ** 2 } });
uppy.use(OssUpload, { tokenUrl, memory: remember() });
uppy.on('restored', () => {
  button.hidden = false;
});
uppy.on('upload-success', (_, { body }) => {
  output.textContent = JSON.stringify(body);
});
button.addEventListener('click', () => uppy.emit('restore-confirmed'));
input.addEventListener('change', () => {
  for (const data of input.files) uppy.addFile({ name: data.name, type: data.type, data });
});
