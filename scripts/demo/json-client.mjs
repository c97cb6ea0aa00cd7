// Speaks JSON over HTTP to Arauto's API and to the control API of the sandbox, as any program of a tenant would.

/** A refused or failed request, in words that say what was asked and what came back. */
export class RequestError extends Error {
  name = 'RequestError';
}

export class JsonClient {
  #address;
  #accessToken;
  #signal;

  /**
   * @param {string} address what all paths begin with
   * @param {{ accessToken?: string, signal: AbortSignal }} options the signal ends every request under way
   */
  constructor(address, { accessToken, signal }) {
    this.#address = address;
    this.#accessToken = accessToken;
    this.#signal = signal;
  }

  get(path) {
    return this.#send('GET', path);
  }

  post(path, body) {
    return this.#send('POST', path, body);
  }

  put(path, body) {
    return this.#send('PUT', path, body);
  }

  /** Sends a file as a browser's form would, in the field "file". */
  upload(path, { fileName, contentType, bytes }) {
    const form = new FormData();
    form.set('file', new Blob([bytes], { type: contentType }), fileName);
    return this.#send('POST', path, form);
  }

  async #send(method, path, body) {
    const isJson = body !== undefined && !(body instanceof FormData);
    const response = await fetch(this.#address + path, {
      method,
      signal: this.#signal,
      headers: {
        ...(this.#accessToken && { authorization: `Bearer ${this.#accessToken}` }),
        ...(isJson && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: isJson ? JSON.stringify(body) : body }),
    });
    const text = await response.text();
    if (!response.ok)
      throw new RequestError(
        `${method} ${path} was answered with ${response.status}: ${text.slice(0, 2000)}`,
      );
    return text === '' ? undefined : JSON.parse(text);
  }
}
