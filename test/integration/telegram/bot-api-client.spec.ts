import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type Socket } from 'node:net';
import { Clock } from '../../../src/platform/clock/index.js';
import {
  BotApiClient,
  type BotApiOutcome,
  type BotApiRequest,
  type BotApiUpload,
} from '../../../src/telegram/index.js';
import { BotApiExchange } from '../../../src/telegram/bot-api-exchange.js';
import { frameMultipart } from '../../../src/telegram/multipart.rules.js';
import { readBody, serveHttp, serveTcp, type StubServer } from './stub-server.js';

const secret = 'AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw-';
const token = `110201543:${secret}`;

class TurnedClock extends Clock {
  aheadMs = 0;

  override monotonicMs(): number {
    return super.monotonicMs() + this.aheadMs;
  }
}

const clock = new TurnedClock();
const clients: BotApiClient[] = [];
const servers: StubServer[] = [];

function makeClient(options: ConstructorParameters<typeof BotApiClient>[1] = {}): BotApiClient {
  const client = new BotApiClient(clock, options);
  clients.push(client);
  return client;
}

async function http(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<StubServer> {
  const server = await serveHttp(answer);
  servers.push(server);
  return server;
}

async function tcp(converse: (socket: Socket) => void): Promise<StubServer> {
  const server = await serveTcp(converse);
  servers.push(server);
  return server;
}

const sendMessage = (apiRoot: string, more: Partial<BotApiRequest> = {}): BotApiRequest => ({
  apiRoot,
  token,
  method: 'sendMessage',
  parameters: { chat_id: 1, text: 'olá' },
  ...more,
});

type Source = () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

function makeUpload(source: Source, sizeBytes: number): BotApiUpload {
  return {
    field: 'photo',
    fileName: 'a "quoted"\r\nname.jpg',
    contentType: 'image/jpeg',
    sizeBytes,
    open: async function* () {
      await Promise.resolve();
      yield* source();
    },
  };
}

async function waitUntil(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const ok = (result: unknown): string => JSON.stringify({ ok: true, result });

afterEach(async () => {
  clock.aheadMs = 0;
  await Promise.all(servers.splice(0).map((server) => server.close()));
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

describe('BotApiClient', () => {
  it('sends JSON to the method of the bot and hands back the result', async () => {
    const seen: unknown[] = [];
    const server = await http((request, response) => {
      void readBody(request).then((body) => {
        seen.push([
          request.method,
          request.url,
          request.headers['content-type'],
          JSON.parse(body.toString()),
        ]);
        response.setHeader('content-type', 'application/json');
        response.end(ok({ message_id: 7, text: 'olá' }));
      });
    });
    const outcome = await makeClient().call(sendMessage(`${server.url}/prefix/`));
    expect(outcome).toEqual({ kind: 'ok', result: { message_id: 7, text: 'olá' } });
    expect(seen).toEqual([
      ['POST', `/prefix/bot${token}/sendMessage`, 'application/json', { chat_id: 1, text: 'olá' }],
    ]);
  });

  it('keeps a text whole that comes in pieces cut inside a character', async () => {
    const body = Buffer.from(ok('çã'));
    const cut = body.indexOf(0xc3) + 1;
    const server = await http((_request, response) => {
      response.write(body.subarray(0, cut));
      setImmediate(() => response.end(body.subarray(cut)));
    });
    expect(await makeClient().call(sendMessage(server.url))).toEqual({ kind: 'ok', result: 'çã' });
  });

  it('uses a connection again', async () => {
    const sockets = new Set<Socket>();
    const server = await http((request, response) => {
      sockets.add(request.socket);
      request.resume();
      response.end(ok(true));
    });
    const client = makeClient();
    for (let count = 0; count < 20; count += 1) await client.call(sendMessage(server.url));
    // Two: undici frees a connection a turn after its answer was handed over.
    expect(sockets.size).toBeLessThanOrEqual(2);
  });

  it('does not let a token of the wrong shape near the wire', async () => {
    let requests = 0;
    const server = await http(() => (requests += 1));
    const outcome = await makeClient().call(sendMessage(server.url, { token: `${token}/../x` }));
    expect(outcome).toEqual({ kind: 'tokenRejected' });
    expect(requests).toBe(0);
  });

  it('throws, without the token, at a method or an API root that can be none', () => {
    expect(() => makeClient().call(sendMessage('http://localhost', { method: '../getMe' }))).toThrow(
      TypeError,
    );
    expect(() => makeClient().call(sendMessage('ftp://localhost'))).toThrow(TypeError);
  });
});

describe('faults', () => {
  type Fault = [title: string, serve: () => Promise<string>, outcome: BotApiOutcome, timeoutMs?: number];

  const answering =
    (statusCode: number, body: string, headers: Record<string, string> = {}) =>
    async () =>
      (
        await http((request, response) => {
          request.resume();
          request.on('end', () => response.writeHead(statusCode, headers).end(body));
        })
      ).url;
  const afterRequest = (react: (socket: Socket) => void) => async () =>
    (await tcp((socket) => socket.once('data', () => react(socket)))).url;
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

  const faults: Fault[] = [
    [
      'nobody listens',
      async () => {
        const server = await serveTcp(() => undefined);
        await server.close();
        return server.url;
      },
      { kind: 'notSent', cause: 'refused' },
    ],
    [
      'a name that does not exist',
      () => Promise.resolve('http://bot-api.invalid'),
      { kind: 'notSent', cause: 'dns' },
    ],
    [
      'no TLS where TLS is spoken',
      async () =>
        (
          await tcp((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad\r\n\r\n')))
        ).url.replace('http:', 'https:'),
      { kind: 'notSent', cause: 'tls' },
    ],
    [
      'a connection that is cut while TLS begins',
      async () =>
        (await tcp((socket) => socket.once('data', () => socket.resetAndDestroy()))).url.replace(
          'http:',
          'https:',
        ),
      { kind: 'notSent', cause: 'connection_lost' },
    ],
    [
      'silence after the request',
      afterRequest(() => undefined),
      { kind: 'unknown', cause: 'timed_out' },
      100,
    ],
    [
      'an answer that never ends, a byte at a time',
      afterRequest((socket) => {
        socket.write(`${head}content-length: 100000\r\n\r\n`);
        const drip = setInterval(() => socket.write(' '), 10);
        socket.on('close', () => clearInterval(drip));
      }),
      { kind: 'unknown', cause: 'timed_out' },
      150,
    ],
    [
      'a reset before the head of the answer',
      afterRequest((socket) => socket.resetAndDestroy()),
      { kind: 'unknown', cause: 'connection_lost' },
    ],
    [
      'an end before the head of the answer',
      afterRequest((socket) => socket.end()),
      { kind: 'unknown', cause: 'connection_lost' },
    ],
    [
      'an end after the head of the answer',
      afterRequest((socket) => socket.end(`${head}content-length: 30\r\n\r\n`)),
      { kind: 'unknown', cause: 'answer_unreadable' },
    ],
    [
      'a truncated answer',
      afterRequest((socket) => socket.end(`${head}content-length: 30\r\n\r\n{"ok":true,"resu`)),
      { kind: 'unknown', cause: 'answer_unreadable' },
    ],
    [
      'a truncated answer of unknown length',
      afterRequest((socket) => socket.end(`${head}connection: close\r\n\r\n{"ok":true,"resu`)),
      { kind: 'unknown', cause: 'answer_unreadable' },
    ],
    [
      'a truncated refusal',
      afterRequest((socket) => socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 30\r\n\r\n{"ok":fal')),
      { kind: 'notSent', cause: 'refusal_unreadable' },
    ],
    [
      'something that is no HTTP',
      afterRequest((socket) => socket.end('220 mail.example.com ESMTP\r\n')),
      {
        kind: 'unknown',
        cause: 'connection_lost',
      },
    ],
    ['200 in HTML', answering(200, '<html>hello</html>'), { kind: 'unknown', cause: 'answer_unreadable' }],
    [
      'an answer above the bound',
      answering(200, ok('x'.repeat(2 * 1024 * 1024))),
      { kind: 'unknown', cause: 'answer_too_large' },
    ],
    ['502 in HTML', answering(502, '<html>Bad Gateway</html>'), { kind: 'unknown', cause: 'server_error' }],
    [
      '500 in JSON',
      answering(500, '{"ok":false,"error_code":500,"description":"Internal Server Error"}'),
      { kind: 'unknown', cause: 'server_error' },
    ],
    [
      'a redirect',
      answering(302, '', { location: 'http://127.0.0.1:9/elsewhere' }),
      { kind: 'unknown', cause: 'redirect' },
    ],
    [
      '429 in HTML with a header',
      answering(429, '<html>slow down</html>', { 'retry-after': '12' }),
      { kind: 'rateLimited', retryAfterSeconds: 12 },
    ],
    [
      'a refusal that repeats the token',
      answering(400, JSON.stringify({ ok: false, error_code: 400, description: `Bad Request: ${token}` })),
      { kind: 'rejected', code: 400, description: 'Bad Request: 110201543:…', reason: 'other' },
    ],
  ];

  it.each(
    faults.map(([title, serve, expected, timeoutMs = 4_000]) => ({ title, serve, expected, timeoutMs })),
  )('$title', async ({ serve, expected, timeoutMs }) => {
    const outcome = await makeClient().call(sendMessage(await serve(), { timeoutMs }));
    expect(outcome).toEqual(expected);
    expect(JSON.stringify(outcome)).not.toContain(secret);
  });

  it('a connection that never opens', async () => {
    // 192.0.2.0/24 is for documentation (RFC 5737): nobody answers there, or the machine says at once that it can't.
    const outcome = await makeClient({ connectTimeoutMs: 200 }).call(sendMessage('http://192.0.2.1'));
    expect(outcome.kind).toBe('notSent');
  });
});

describe('the last look before the wire', () => {
  it('withdraws a call whose deadline passed, and leaves the connection to others', async () => {
    const sockets = new Set<Socket>();
    const texts: unknown[] = [];
    const server = await http((request, response) => {
      sockets.add(request.socket);
      void readBody(request).then((body) => {
        texts.push((JSON.parse(body.toString()) as { text: string }).text);
        response.end(ok(true));
      });
    });
    const client = makeClient({ connections: 1 });
    await client.call(sendMessage(server.url));
    const late = client.call(sendMessage(server.url, { notAfterMonotonicMs: clock.monotonicMs() - 1 }));
    expect(await late).toEqual({ kind: 'notSent', cause: 'withdrawn' });
    const parameters = { chat_id: 1, text: 'after' };
    expect(await client.call(sendMessage(server.url, { parameters }))).toEqual({ kind: 'ok', result: true });
    expect(texts).toEqual(['olá', 'after']);
    expect(sockets.size).toBe(1);
  });

  it('looks at the clock on the connection, not when the call was made', async () => {
    let requests = 0;
    let releaseFirst: (() => void) | undefined;
    const server = await http((request, response) => {
      requests += 1;
      request.resume();
      releaseFirst = () => response.end(ok(true));
    });
    const client = makeClient({ connections: 1 });
    const first = client.call(sendMessage(server.url));
    await waitUntil(() => releaseFirst !== undefined);
    // An hour to go by the clock, so the timer of the waiting call can't be what ends it; then the machine "sleeps".
    const second = client.call(
      sendMessage(server.url, { notAfterMonotonicMs: clock.monotonicMs() + 10_000 }),
    );
    clock.aheadMs = 10_001;
    releaseFirst?.();
    expect(await first).toEqual({ kind: 'ok', result: true });
    expect(await second).toEqual({ kind: 'notSent', cause: 'withdrawn' });
    expect(requests).toBe(1);
  });

  it('gives up a call that finds no free connection in time', async () => {
    let requests = 0;
    const server = await http(() => (requests += 1));
    const client = makeClient({ connections: 1 });
    const hanging = client.call(sendMessage(server.url, { timeoutMs: 400 }));
    await waitUntil(() => requests === 1);
    const waiting = client.call(sendMessage(server.url, { notAfterMonotonicMs: clock.monotonicMs() + 50 }));
    expect(await waiting).toEqual({ kind: 'notSent', cause: 'withdrawn' });
    expect(await hanging).toEqual({ kind: 'unknown', cause: 'timed_out' });
    expect(requests).toBe(1);
  });

  it('counts the time for the answer from the first byte, not from the wait for a connection', async () => {
    const responses: ServerResponse[] = [];
    const server = await http((request, response) => {
      request.resume();
      responses.push(response);
    });
    const client = makeClient({ connections: 1 });
    const first = client.call(sendMessage(server.url, { timeoutMs: 4_000 }));
    const second = client.call(sendMessage(server.url, { timeoutMs: 1_000 }));
    await waitUntil(() => responses.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 600));
    responses[0]?.end(ok(1));
    await waitUntil(() => responses.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 600));
    responses[1]?.end(ok(2));
    expect(await first).toEqual({ kind: 'ok', result: 1 });
    expect(await second).toEqual({ kind: 'ok', result: 2 });
  });
});

describe('abort and close', () => {
  it('an abort before the wire is surely not sent, after it unknown', async () => {
    let requests = 0;
    const server = await http(() => (requests += 1));
    const client = makeClient({ connections: 1 });
    const sent = new AbortController();
    const waiting = new AbortController();
    const first = client.call(sendMessage(server.url, { signal: sent.signal }));
    await waitUntil(() => requests === 1);
    const second = client.call(sendMessage(server.url, { signal: waiting.signal }));
    waiting.abort();
    expect(await second).toEqual({ kind: 'notSent', cause: 'withdrawn' });
    sent.abort();
    expect(await first).toEqual({ kind: 'unknown', cause: 'aborted' });
    const third = client.call(sendMessage(server.url, { signal: sent.signal }));
    expect(await third).toEqual({ kind: 'notSent', cause: 'withdrawn' });
    expect(requests).toBe(1);
  });

  it('long polls do not keep sends waiting', async () => {
    const server = await http((request, response) => {
      request.resume();
      if (request.url?.endsWith('sendMessage')) response.end(ok(true));
    });
    const client = makeClient({ connections: 1 });
    const polls = Array.from({ length: 5 }, () =>
      client.call(sendMessage(server.url, { method: 'getUpdates', parameters: { timeout: 50 } })),
    );
    expect(await client.call(sendMessage(server.url))).toEqual({ kind: 'ok', result: true });
    await client.close();
    for (const poll of polls) expect((await poll).kind).toMatch(/^(unknown|notSent)$/);
    expect(await client.call(sendMessage(server.url))).toEqual({ kind: 'notSent', cause: 'closed' });
  });

  it('close lets a call under way end', async () => {
    let release: (() => void) | undefined;
    const server = await http((request, response) => {
      request.resume();
      release = () => response.end(ok(true));
    });
    const client = makeClient();
    const call = client.call(sendMessage(server.url));
    await waitUntil(() => release !== undefined);
    const closing = client.close();
    release?.();
    expect(await call).toEqual({ kind: 'ok', result: true });
    await closing;
  });
});

describe('upload', () => {
  const sendPhoto = (
    apiRoot: string,
    upload: BotApiUpload,
    more: Partial<BotApiRequest> = {},
  ): BotApiRequest =>
    sendMessage(apiRoot, {
      method: 'sendPhoto',
      parameters: { chat_id: 1, caption: 'olá', reply_markup: { a: [1] } },
      upload,
      ...more,
    });

  it('breaks alone, and not the process, where no connection listens to it', async () => {
    const upload = makeUpload(() => [Buffer.from('photo')], 5);
    const bounds = {
      timeoutMs: 50,
      answerTimeoutMs: 50,
      notAfterMonotonicMs: () => Infinity,
      largestAnswerBytes: 1,
    };
    const outcome = await new Promise<BotApiOutcome>((resolve) => {
      const exchange = new BotApiExchange(clock, bounds, resolve, undefined);
      const body = exchange.streamUpload(upload, frameMultipart('boundary', {}, upload));
      body.destroy(new Error('The connection let go of it.'));
    });
    expect(outcome.kind).toBe('notSent');
  });

  it('streams a form whose length was announced', async () => {
    let seen: { headers: IncomingMessage['headers']; form: FormData; length: number } | undefined;
    const server = await http((request, response) => {
      void readBody(request).then(async (body) => {
        const contentType = request.headers['content-type'] ?? '';
        const form = await new Response(body, { headers: { 'content-type': contentType } }).formData();
        seen = { headers: request.headers, form, length: body.length };
        response.end(ok(true));
      });
    });
    const content = Buffer.alloc(300_000, 'photo');
    const pieces = [content.subarray(0, 1), content.subarray(1, 200_000), content.subarray(200_000)];
    const outcome = await makeClient().call(
      sendPhoto(
        server.url,
        makeUpload(() => pieces, content.length),
      ),
    );
    expect(outcome).toEqual({ kind: 'ok', result: true });
    expect(Number(seen?.headers['content-length'])).toBe(seen?.length);
    expect(seen?.headers['transfer-encoding']).toBeUndefined();
    expect(seen?.form.get('chat_id')).toBe('1');
    expect(seen?.form.get('caption')).toBe('olá');
    expect(seen?.form.get('reply_markup')).toBe('{"a":[1]}');
    const photo = seen?.form.get('photo') as File;
    expect(photo.type).toBe('image/jpeg');
    expect(Buffer.from(await photo.arrayBuffer()).equals(content)).toBe(true);
  });

  it('holds only what the connection has not taken yet', async () => {
    const sizeBytes = 32 * 1024 * 1024;
    let producedBytes = 0;
    let receivedBytes = 0;
    let mostAhead = 0;
    const produce = async function* (): AsyncGenerator<Uint8Array> {
      const chunk = Buffer.alloc(64 * 1024);
      while (producedBytes < sizeBytes) {
        producedBytes += chunk.length;
        mostAhead = Math.max(mostAhead, producedBytes - receivedBytes);
        yield chunk;
        await new Promise(setImmediate);
      }
    };
    const server = await http((request, response) => {
      request.on('data', (chunk: Buffer) => (receivedBytes += chunk.length));
      request.on('end', () => response.end(ok(true)));
    });
    const outcome = await makeClient().call(sendPhoto(server.url, makeUpload(produce, sizeBytes)));
    expect(outcome).toEqual({ kind: 'ok', result: true });
    // The kernel's buffers on both sides take a few megabytes.
    expect(mostAhead).toBeLessThan(16 * 1024 * 1024);
  });

  const brokenSources: [title: string, source: () => Iterable<Uint8Array>][] = [
    [
      'fails at once',
      () => {
        throw new Error(`no file for ${token}`);
      },
    ],
    [
      'fails halfway',
      function* () {
        yield Buffer.alloc(50);
        throw new Error('gone');
      },
    ],
    ['ends early', () => [Buffer.alloc(99)]],
    ['gives too much', () => [Buffer.alloc(60), Buffer.alloc(60)]],
    ['gives nothing', () => []],
  ];
  it.each(brokenSources)('is surely not sent when its source %s', async (_title, source) => {
    let completeRequests = 0;
    const server = await http((request, response) => {
      request.resume();
      // A request cut in the middle is what is tested.
      request.on('error', () => response.destroy());
      request.on('end', () => {
        completeRequests += 1;
        response.end(ok(true));
      });
    });
    const client = makeClient();
    expect(await client.call(sendPhoto(server.url, makeUpload(source, 100)))).toEqual({
      kind: 'notSent',
      cause: 'upload_broken',
    });
    expect(completeRequests).toBe(0);
    expect((await client.call(sendMessage(server.url))).kind).toBe('ok');
  });

  it('is withdrawn when the deadline passes while its source opens', async () => {
    let bodyBytes = 0;
    let hasEnded = false;
    const server = await http((request) => {
      request.on('data', (chunk: Buffer) => (bodyBytes += chunk.length));
    });
    const slow = function* (): Generator<Uint8Array> {
      clock.aheadMs = 60_000;
      try {
        yield Buffer.alloc(100);
      } finally {
        hasEnded = true;
      }
    };
    const notAfterMonotonicMs = clock.monotonicMs() + 30_000;
    const outcome = await makeClient().call(
      sendPhoto(server.url, makeUpload(slow, 100), { notAfterMonotonicMs }),
    );
    expect(outcome).toEqual({ kind: 'notSent', cause: 'withdrawn' });
    await waitUntil(() => hasEnded);
    expect(bodyBytes).toBe(0);
  });

  it('does not open the source of a call that never leaves', async () => {
    let requests = 0;
    let isOpened = false;
    const server = await http(() => (requests += 1));
    const client = makeClient({ connections: 1 });
    const hanging = client.call(sendMessage(server.url, { timeoutMs: 300 }));
    await waitUntil(() => requests === 1);
    const upload = makeUpload(() => {
      isOpened = true;
      return [Buffer.alloc(1)];
    }, 1);
    const outcome = await client.call(
      sendPhoto(server.url, upload, { notAfterMonotonicMs: clock.monotonicMs() + 30 }),
    );
    expect(outcome).toEqual({ kind: 'notSent', cause: 'withdrawn' });
    await hanging;
    expect(isOpened).toBe(false);
  });

  it('takes an early refusal, and lets go of the source', async () => {
    let hasEnded = false;
    const server = await http((_request, response) => {
      response.writeHead(413).end('<html>too large</html>');
    });
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          yield Buffer.alloc(1024);
          await new Promise(setImmediate);
        }
      } finally {
        hasEnded = true;
      }
    };
    const outcome = await makeClient().call(sendPhoto(server.url, makeUpload(endless, 50 * 1024 * 1024)));
    expect(outcome).toMatchObject({ kind: 'rejected', reason: 'too_large' });
    await waitUntil(() => hasEnded);
  });

  it('a reset before the form was complete is surely not sent, after it unknown', async () => {
    const server = await tcp((socket) => {
      let received = '';
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1');
        if (/sendPhoto[^]*--\r\n$/.test(received)) socket.resetAndDestroy();
        if (/sendVideo[^]*half/.test(received)) socket.resetAndDestroy();
      });
    });
    const client = makeClient();
    expect(
      await client.call(
        sendPhoto(
          server.url,
          makeUpload(() => [Buffer.alloc(9)], 9),
        ),
      ),
    ).toEqual({
      kind: 'unknown',
      cause: 'connection_lost',
    });
    const half = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half');
      await new Promise((resolve) => setTimeout(resolve, 5_000).unref());
    };
    const video = sendPhoto(server.url, makeUpload(half, 8), { method: 'sendVideo' });
    expect(await client.call(video)).toEqual({ kind: 'notSent', cause: 'connection_lost' });
  });

  it('is cut off in the middle when its deadline is taken back, and was surely not sent', async () => {
    let receivedBytes = 0;
    let completeRequests = 0;
    const server = await http((request, response) => {
      request.on('data', (chunk: Buffer) => (receivedBytes += chunk.length));
      request.on('error', () => response.destroy());
      request.on('end', () => {
        completeRequests += 1;
        response.end(ok(true));
      });
    });
    const sizeBytes = 8 * 1024 * 1024;
    let isCut = false;
    const produce = async function* (): AsyncGenerator<Uint8Array> {
      for (let sent = 0; sent < sizeBytes; sent += 64 * 1024) {
        yield Buffer.alloc(64 * 1024);
        isCut ||= sent > sizeBytes / 2;
        await new Promise(setImmediate);
      }
    };
    const client = makeClient();
    const notAfterMonotonicMs = () => (isCut ? 0 : Infinity);
    const outcome = await client.call(
      sendPhoto(server.url, makeUpload(produce, sizeBytes), { notAfterMonotonicMs }),
    );
    expect(outcome).toEqual({ kind: 'notSent', cause: 'withdrawn' });
    expect((await client.call(sendMessage(server.url))).kind).toBe('ok');
    expect(receivedBytes).toBeLessThan(sizeBytes);
    expect(completeRequests).toBe(1);
  });

  it.each([
    ['deadline is taken back', { kind: 'notSent', cause: 'withdrawn' }, 60_000],
    ['time is over', { kind: 'notSent', cause: 'upload_broken' }, 200],
  ])('ends when its %s while the other side takes nothing', async (_title, expected, timeoutMs) => {
    const server = await tcp((socket) => socket.pause());
    const sizeBytes = 50 * 1024 * 1024;
    let producedBytes = 0;
    const produce = function* (): Generator<Uint8Array> {
      for (; producedBytes < sizeBytes; producedBytes += 256 * 1024) yield Buffer.alloc(256 * 1024);
    };
    let deadlineMs = Infinity;
    const call = makeClient().call(
      sendPhoto(server.url, makeUpload(produce, sizeBytes), {
        notAfterMonotonicMs: () => deadlineMs,
        timeoutMs,
      }),
    );
    await waitUntil(() => producedBytes > 0);
    if (timeoutMs > 1_000) deadlineMs = clock.monotonicMs();
    expect(await call).toEqual(expected);
    expect(producedBytes).toBeLessThan(sizeBytes);
  });
});
