/**
 * Stand-ins for React Native's XMLHttpRequest and FormData. Sources: Libraries/Network/XMLHttpRequest.js and FormData.js of
 * react-native; NetworkingModule.java for what a form needs, and for the texts of errors.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { formOf, send } from './multipart-request.mjs';

class FormData {
  parts = [];

  append(name, value) {
    this.parts.push([name, value]);
  }
}

/** @param {FormData} form @returns {{headers: object, content: string | Buffer}[]} @throws {Error} as Android says it */
function partsOf(form) {
  return form.parts.map(([name, value]) => {
    const disposition = `form-data; name="${name}"`;
    if (typeof value !== 'object')
      return { headers: { 'content-disposition': disposition }, content: String(value) };
    if (!value.type) throw new Error('Binary FormData part needs a content-type header.');
    let content;
    try {
      content = readFileSync(fileURLToPath(value.uri));
    } catch {
      throw new Error(`Could not retrieve file for uri ${value.uri}`);
    }
    const filename = encodeURIComponent(value.name.replace(/\//g, '_'));
    const headers = {
      'content-disposition': `${disposition}; filename="${filename}"`,
      'content-type': value.type,
    };
    return { headers, content };
  });
}

/**
 * @param {{lost?: {errMsg: string} | null, progress?: boolean, sent?: (bytes: number) => void}} conditions
 * @param {object[]} calls  gets each call
 * @returns {{XMLHttpRequest: Function, FormData: Function}} globals
 */
export function reactNative({ lost = null, progress = true, sent = () => {} }, calls) {
  let left = lost ? 1 : 0;

  class XMLHttpRequest extends EventTarget {
    upload = new EventTarget();
    status = 0;
    withCredentials = true;
    responseText = '';
    #headers = {};
    #received = null;
    #told = null;
    #end = () => {};

    open(method, url) {
      this.#told = { api: method, url, header: this.#headers, aborted: false };
    }

    setRequestHeader(name, value) {
      if (!this.#told) throw new Error('Request has not been opened');
      this.#headers[name.toLowerCase()] = String(value);
    }

    getAllResponseHeaders() {
      const lines = Object.entries(this.#received ?? {}).map(([name, value]) => `${name}: ${value}`);
      return this.#received && `${lines.sort().join('\r\n')}\r\n`;
    }

    send(data) {
      const { api: method, url } = this.#told;
      calls.push(Object.assign(this.#told, { withCredentials: this.withCredentials }));
      setImmediate(() => {
        if (this.#told.aborted) return;
        try {
          this.#send(method, url, data);
        } catch ({ message }) {
          this.#failed(message);
        }
      });
    }

    #send(method, url, data) {
      const form = data instanceof FormData ? formOf(partsOf(data)) : null;
      if (form && this.#headers['content-type']) throw new Error('The boundary is missing.');
      const headers = { ...this.#headers, ...(form && { 'content-type': form.type }) };
      const body = form?.body ?? Buffer.from(data ?? '');
      this.#end = send(
        { url, method, headers, body },
        {
          sent: (loaded, total) => {
            const event = Object.assign(new Event('progress'), { loaded, total, lengthComputable: true });
            if (progress) this.upload.dispatchEvent(event);
            if (form) sent(loaded);
          },
          answered: (answer) => {
            if (form && left) {
              left -= 1;
              return this.#failed(lost.errMsg);
            }
            this.status = answer.status;
            this.#received = answer.headers;
            this.responseText = answer.text;
            return this.dispatchEvent(new Event('load'));
          },
          failed: (message) => this.#failed(message),
        },
      );
    }

    #failed(message) {
      if (this.#told.aborted) return;
      this.responseText = message;
      this.dispatchEvent(new Event('error'));
    }

    abort() {
      this.#told.aborted = true;
      this.#end();
      this.dispatchEvent(new Event('abort'));
    }
  }

  return { XMLHttpRequest, FormData };
}
