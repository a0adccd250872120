// The server: requests that answer JSON, or fail with one line; and its events.

export class Refused extends Error {
  constructor(message, status, body) {
    super(message);
    this.name = 'Refused';
    this.status = status;
    this.body = body;
  }
}

async function request(method, path, body, {signal} = {}) {
  const file = body instanceof Blob;
  let answer;
  try {
    answer = await fetch(`/api/${path}`, {
      method,
      signal,
      headers: body === undefined || file ? {} : {'Content-Type': 'application/json'},
      body: body === undefined ? undefined : file ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Refused('The gallery does not answer. Is it still running?', 0);
  }
  const found = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (!answer.ok)
    throw new Refused(
      sentence(found?.error ?? `The gallery answered ${answer.status}`),
      answer.status,
      found,
    );
  return found;
}

const sentence = text => text.charAt(0).toUpperCase() + text.slice(1);

export const get = (path, options) => request('GET', path, undefined, options);
export const post = (path, body = {}, options) => request('POST', path, body, options);
export const patch = (path, body) => request('PATCH', path, body);
export const remove = path => request('DELETE', path);

export const query = given =>
  new URLSearchParams(
    Object.entries(given).filter(
      ([, value]) => value !== undefined && value !== null && value !== '',
    ),
  ).toString();

// A file among the works: a picture with its recipe, a field, a genome.
export const upload = file => post(`works?${query({name: file.name})}`, file);

let asked;
// What there is to choose from; asked for once.
export function choices() {
  asked ??= get('choices').catch(error => {
    asked = undefined;
    throw error;
  });
  return asked;
}
