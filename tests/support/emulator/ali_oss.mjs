// npm ali-oss as a page's backend uses it: it signs a form's policy. The form is posted as a browser does.
//   node ali_oss.mjs URL BUCKET KEY SECRET TOKEN OBJECT TEXT     prints the answer's status and body as JSON
import OSS from 'ali-oss';

const [url, bucket, accessKeyId, accessKeySecret, stsToken, object, text] = process.argv.slice(2);
const client = new OSS({ accessKeyId, accessKeySecret, bucket, region: 'oss-cn-hangzhou' });
const now = new Date();
const stamp = now.toISOString().replace(/[-:]|\.\d+/g, '');
const fields = {
  key: object,
  'Content-Type': 'text/plain',
  success_action_status: '200',
  'x-oss-signature-version': 'OSS4-HMAC-SHA256',
  'x-oss-credential': `${accessKeyId}/${stamp.slice(0, 8)}/cn-hangzhou/oss/aliyun_v4_request`,
  'x-oss-date': stamp,
  ...(stsToken && { 'x-oss-security-token': stsToken }),
};
const policy = {
  expiration: new Date(now.getTime() + 60_000).toISOString(),
  conditions: [
    { bucket },
    ...Object.entries(fields).map(([name, value]) => ({ [name.toLowerCase()]: value })),
    ['content-length-range', 1, 1024],
  ],
};
const form = new FormData();
Object.entries(fields).forEach(([name, value]) => form.append(name, value));
form.append('policy', Buffer.from(JSON.stringify(policy)).toString('base64'));
form.append('x-oss-signature', client.signPostObjectPolicyV4(policy, now));
form.append('file', new Blob([text]), 'a.txt');
const answer = await fetch(url, { method: 'POST', body: form });
console.log(JSON.stringify({ status: answer.status, body: await answer.text() }));
