/** A page of somebody who installed the package: uploads the chosen file, and says what was stored. */
import { uploadFile } from 'oss-direct-upload';
import { remember } from 'oss-direct-upload/resume';

const tokenUrl = new URLSearchParams(location.search).get('token');
document.querySelector('input').addEventListener('change', async ({ target }) => {
  const result = await uploadFile(target.files[0], { tokenUrl, memory: remember() });
  document.querySelector('output').textContent = `${result.size} ${result.etag}`;
});
