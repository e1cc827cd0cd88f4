// npm ali-oss signs form policies: stdin has [{secret, region, at, policy}], stdout what it signs and its signatures.
import { text } from 'node:stream/consumers';
import OSS from 'ali-oss';

const signed = JSON.parse(await text(process.stdin)).map(({ secret, region, at, policy }) => {
  const client = new OSS({
    accessKeyId: 'id',
    accessKeySecret: secret,
    bucket: 'examplebucket',
    region: `oss-${region}`,
  });
  const { policy: sent, Signature: v1 } = client.calculatePostSignature(policy);
  return { sent, v1, v4: client.signPostObjectPolicyV4(policy, new Date(at)) };
});
console.log(JSON.stringify(signed));
