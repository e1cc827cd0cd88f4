/** Real HTTP below the stand-ins for the platforms of apps: one request, whose body is sent piece by piece. */
import { randomUUID } from 'node:crypto';
import http from 'node:http';

const PIECE_BYTES = 64 * 1024;

/**
 * @param {{url: string, method: string, headers: Record<string, string>, body: Buffer}} request
 * @param {{sent?: (bytes: number, total: number) => void,
 *   answered: (answer: {status: number, headers: Record<string, string>, text: string}) => void,
 *   failed: (message: string) => void}} listener
 * @returns {() => void} ends it
 */
export function send({ url, method, headers, body }, { sent = () => {}, answered, failed }) {
  const request = http.request(url, {
    method,
    agent: false,
    headers: { ...headers, 'Content-Length': body.length },
  });
  request.on('error', ({ message }) => failed(message));
  request.on('response', async (response) => {
    const pieces = [];
    try {
      for await (const piece of response) pieces.push(piece);
    } catch ({ message }) {
      return failed(message);
    }
    const given = Object.fromEntries(
      Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
    );
    answered({ status: response.statusCode, headers: given, text: Buffer.concat(pieces).toString() });
  });
  const next = (at) => {
    if (at >= body.length) return request.end();
    const piece = body.subarray(at, at + PIECE_BYTES);
    request.write(piece, (error) => {
      if (error || request.destroyed) return;
      sent(at + piece.length, body.length);
      next(at + piece.length);
    });
  };
  next(0);
  return () => request.destroy();
}

/**
 * @param {{headers: Record<string, string>, content: string | Buffer}[]} parts
 * @returns {{type: string, body: Buffer}} a multipart form
 */
export function formOf(parts) {
  const boundary = randomUUID();
  const pieces = parts.flatMap(({ headers, content }) => [
    `--${boundary}\r\n${Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n`,
    content,
    '\r\n',
  ]);
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    body: Buffer.concat([...pieces, `--${boundary}--\r\n`].map((piece) => Buffer.from(piece))),
  };
}
