/** Rendered on the server, where importing the package must not fail. */
import { createElement } from 'react';
import { uploadFile } from 'oss-direct-upload';
import { Uploader } from './uploader.js';

export default function Page() {
  return createElement('main', { 'data-on-server': typeof uploadFile }, createElement(Uploader));
}
