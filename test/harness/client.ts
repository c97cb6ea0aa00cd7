/** An answer of the API, its body read. */
export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** Speaks to the API as a program of a tenant would: JSON over HTTP, nothing else. */
export class ApiClient {
  constructor(
    private readonly url: string,
    private readonly accessToken?: string,
  ) {}

  get = <Body = Record<string, unknown>>(path: string) => this.send<Body>('GET', path);
  post = <Body = Record<string, unknown>>(path: string, body?: unknown, headers?: Record<string, string>) =>
    this.send<Body>('POST', path, body, headers);
  patch = <Body = Record<string, unknown>>(path: string, body?: unknown) =>
    this.send<Body>('PATCH', path, body);
  put = <Body = Record<string, unknown>>(path: string, body?: unknown) => this.send<Body>('PUT', path, body);
  delete = <Body = Record<string, unknown>>(path: string) => this.send<Body>('DELETE', path);

  async send<Body>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<Body>> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        ...(this.accessToken && { authorization: `Bearer ${this.accessToken}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text ? JSON.parse(text) : undefined) as Body,
    };
  }
}
