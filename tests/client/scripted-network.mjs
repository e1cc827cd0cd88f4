/**
 * A network whose answers a test gives, for an Uppy with OssUpload.
 */
export { turn } from './dialogue.mjs';
import { done, grant, granted, problem } from './dialogue.mjs';

/**
 * The nth request of each kind gets the nth answer; when there are no more, the last one again. An answer may be a
 * function of the request; `hold` makes one that waits until the test lets it go.
 *
 * @returns {object} `options` for OssUpload, all `requests`, and those `of` one kind
 */
export function scriptedNetwork({ token, oss, confirm = [problem(503, 'unavailable')] }) {
  const requests = [];
  const counts = { token: 0, oss: 0, confirm: 0 };
  const answers = { token: token ?? [({ n }) => grant(`g${n}`)], oss, confirm };
  const receive = async (kind, content) => {
    const answer = answers[kind][Math.min(counts[kind], answers[kind].length - 1)];
    counts[kind] += 1;
    const request = { kind, n: counts[kind], ...content };
    requests.push(request);
    return typeof answer === 'function' ? answer(request) : answer;
  };
  /** One answer with what each file gets. */
  const uploads = async (files, headers, signal) => {
    const each = await Promise.all(files.map((file) => receive('token', { file, headers, signal })));
    const refusal = each.find(({ status }) => status !== 200);
    const bodies = each.map((answer) => granted(answer).body.slice('{"uploads":['.length, -2));
    return refusal ?? { status: 200, headers: {}, body: `{"uploads":[${bodies}]}` };
  };
  const transport = {
    postForm: (url, fields, file, onProgress, signal) =>
      receive('oss', { url, id: fields.key.slice(8, -4), file, signal, onProgress }),
    postJson: async (url, { files, ticket }, headers, signal) =>
      files ? uploads(files, headers, signal) : receive('confirm', { ticket, signal }),
  };
  return {
    options: { tokenUrl: 'https://token.test/', transport, wait, turn: async () => {}, random: () => 0 },
    requests,
    of: (kind) => requests.filter((request) => request.kind === kind),
  };
}

/** Pauses are over at once; a time limit is never reached. */
const wait = (ms, signal) => {
  if (ms < 10_000) return Promise.resolve();
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
};

/** OSS's answer once it has the whole file and the callback has accepted it. */
export const answered = ({ id, file, onProgress }) => {
  onProgress(file.size + 100, file.size + 100);
  return done(id);
};

/** @returns {[(request: object) => Promise<object>, () => void]} an answer, and a function that lets it go */
export function hold() {
  let go;
  const gate = new Promise((resolve) => {
    go = resolve;
  });
  return [async (request) => gate.then(() => answered(request)), go];
}

export const add = (uppy, name = 'a.png', more = {}) =>
  uppy.addFile({ name, type: 'image/png', data: new File([name], name, { lastModified: 1 }), ...more });
