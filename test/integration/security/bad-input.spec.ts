import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { HostileScene, isProblem, sendRaw } from './hostile-scene.js';
import { addressOf, apiDocument, type Operation, operations, OPERATIONS } from './operations.js';
import { badTexts, fieldsOf, spoil } from './spoiling.js';

jest.setTimeout(180_000);

const AT_ONCE = 8;
const components = apiDocument.components.schemas;
const named = (chosen: readonly Operation[]) => chosen.map((operation) => [operation.id, operation] as const);
const withBody = operations.filter(({ bodySchema }) => bodySchema !== undefined);

/** Deeper than any stack: what walks such a body by calling itself dies of it. */
const BOTTOMLESS = '['.repeat(400_000) + ']'.repeat(400_000);
const BOTTOMLESS_OBJECT = '{"a":'.repeat(150_000) + '1' + '}'.repeat(150_000);

interface Case {
  readonly what: string;
  readonly target: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

/** Of any body of JSON. */
const BODY_LIMIT_BYTES = 1024 * 1024;

describe('bad input', () => {
  let scene: HostileScene;
  beforeAll(async () => {
    scene = await HostileScene.open();
  });
  afterAll(() => scene.end());

  const tokenFor = ({ role }: Operation) =>
    role === 'operator' ? scene.operator.accessToken : scene.ana.tokens.owner;
  const send = (operation: Operation, given: Omit<Case, 'what'>, token = tokenFor(operation)) =>
    sendRaw(scene.application.url, operation.method, given.target, {
      ...(operation.role !== 'public' && { token }),
      ...(given.body !== undefined && { body: given.body }),
      headers: given.headers ?? {},
    });
  const targetOf = (operation: Operation) => addressOf(operation, operation.path?.(scene.ana.things) ?? {});

  /** Sends all and lists those whose answer isn't a problem document with one of these statuses. */
  async function listWronglyAnswered(
    operation: Operation,
    cases: readonly Case[],
    statuses: readonly number[],
  ): Promise<string[]> {
    const wrong: string[] = [];
    const left = [...cases];
    const work = async () => {
      for (let next = left.pop(); next; next = left.pop()) {
        const answer = await send(operation, next);
        if (!isProblem(answer) || !statuses.includes(answer.status))
          wrong.push(`${next.what}: ${answer.status} ${answer.text.slice(0, 300)}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return wrong;
  }

  it('is known of every operation that the running application has', async () => {
    const served = (await (
      await fetch(`${scene.application.url}/openapi.json`)
    ).json()) as typeof apiDocument;
    const ids = Object.values(served.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(ids.sort()).toEqual(Object.keys(OPERATIONS).sort());
    expect(operations.map(({ id }) => id).sort()).toEqual(ids);
  });

  it.each(named(withBody))('%s has a good body for every field', (_, operation) => {
    const seen = new Set<string>();
    for (const good of operation.bodies?.(scene.ana.things) ?? [])
      spoil(operation.bodySchema ?? {}, good, components, seen);
    expect(fieldsOf(operation.bodySchema ?? {}, components).filter((field) => !seen.has(field))).toEqual([]);
  });

  it.each(named(withBody))(
    '%s refuses every field that is wrong, and writes nothing',
    async (_, operation) => {
      const before = await scene.digest();
      const spoiled = (operation.bodies?.(scene.ana.things) ?? []).flatMap((good) =>
        spoil(operation.bodySchema ?? {}, good, components, new Set()),
      );
      const unique = [...new Map(spoiled.map((one) => [one.json, one])).values()];
      const cases = unique.map(({ what, json }) => ({
        what,
        target: targetOf(operation),
        body: json,
        headers: { 'idempotency-key': randomUUID() },
      }));
      expect(cases.length).toBeGreaterThan(10);
      // Without a session, a well-formed wrong password or token is refused as such, and guessing slows down.
      const statuses = operation.role === 'public' ? [400, 401, 429] : [400];
      const isTooLarge = ({ body }: { body: string }) => Buffer.byteLength(body) > BODY_LIMIT_BYTES;
      const [large, small] = [cases.filter(isTooLarge), cases.filter((one) => !isTooLarge(one))];
      expect(await listWronglyAnswered(operation, small, statuses)).toEqual([]);
      expect(await listWronglyAnswered(operation, large, [413])).toEqual([]);
      expect(await scene.digest()).toEqual(before);
    },
  );

  it.each(named(withBody))('%s refuses a body that is none', async (_, operation) => {
    const before = await scene.digest();
    const target = targetOf(operation);
    const json = [
      '',
      '{',
      'hello',
      '{"a":1}x',
      "{'a':1}",
      '[]',
      'null',
      '"text"',
      '7',
      'NaN',
      '\u0000',
      '{}',
    ];
    const cases = [...json, BOTTOMLESS, BOTTOMLESS_OBJECT].map((body) => ({
      what: body.slice(0, 20),
      target,
      body,
      headers: { 'idempotency-key': randomUUID() },
    }));
    expect(await listWronglyAnswered(operation, cases, [400])).toEqual([]);
    expect(await listWronglyAnswered(operation, [{ what: 'no body', target }], [400])).toEqual([]);
    const good = JSON.stringify(operation.bodies?.(scene.ana.things)[0]);
    const types = ['text/plain', 'text/xml', 'application/x-www-form-urlencoded', 'multipart/form-data', 'x'];
    const otherTypes = types.map((type) => ({
      what: type,
      target,
      body: good,
      headers: { 'content-type': type },
    }));
    expect(await listWronglyAnswered(operation, otherTypes, [415])).toEqual([]);
    const large = { what: '20 MB', target, body: JSON.stringify({ text: 'a'.repeat(20_000_000) }) };
    expect(await listWronglyAnswered(operation, [large], [413])).toEqual([]);
    expect(await scene.digest()).toEqual(before);
  });

  it.each(named(operations.filter(({ isUpload }) => isUpload)))(
    '%s refuses uploads that are none',
    async (_, operation) => {
      const before = await scene.digest();
      const target = targetOf(operation);
      const part = (head: string, bytes = 'x') => `--b\r\n${head}\r\n\r\n${bytes}\r\n--b--\r\n`;
      const file = 'content-disposition: form-data; name="file"; filename="a.txt"';
      const bodies: [string, string][] = [
        ['no parts', ''],
        ['an end alone', '--b--\r\n'],
        ['no boundary', 'hello'],
        ['a part without an end', `--b\r\n${file}\r\n\r\nhello`],
        ['a part without a head', '--b\r\n\r\nhello\r\n--b--\r\n'],
        ['another field', part('content-disposition: form-data; name="other"; filename="a.txt"')],
        ['a field that is no file', part('content-disposition: form-data; name="file"')],
        ['an empty file', part(file, '')],
        ['a poisoned name', part('content-disposition: form-data; name="__proto__"; filename="a.txt"')],
        ['a head too long', part(`${file}\r\nx: ${'y'.repeat(200_000)}`, '')],
      ];
      const cases = bodies.map(([what, body]) => ({
        what,
        target,
        body,
        headers: { 'content-type': 'multipart/form-data; boundary=b', 'idempotency-key': randomUUID() },
      }));
      expect(await listWronglyAnswered(operation, cases, [400])).toEqual([]);
      const others = ['multipart/form-data', 'application/json', 'text/plain'].map((type) => ({
        what: type,
        target,
        body: '{}',
        headers: { 'content-type': type },
      }));
      expect(await listWronglyAnswered(operation, others, [400, 415])).toEqual([]);
      expect(await scene.digest()).toEqual(before);
    },
  );

  it.each(named(operations.filter(({ parameters }) => parameters.some((one) => one.in === 'header'))))(
    '%s refuses an Idempotency-Key that is none',
    async (_, operation) => {
      const body = JSON.stringify(operation.bodies?.(scene.ana.things)[0] ?? {});
      const cases = ['x'.repeat(201), 'two words', 'caf\u00e9', ''].map((key) => ({
        what: key,
        target: targetOf(operation),
        body,
        headers: { 'idempotency-key': key },
      }));
      expect(await listWronglyAnswered(operation, cases, operation.isUpload ? [400, 415] : [400])).toEqual(
        [],
      );
    },
  );

  it.each(named(operations.filter(({ parameters }) => parameters.some((one) => one.in === 'query'))))(
    '%s refuses query parameters out of bounds',
    async (_, operation) => {
      const path = targetOf(operation);
      const wrong = operation.parameters
        .filter((one) => one.in === 'query')
        .flatMap(({ name, schema }) => [
          ...badTexts(schema).map((text) => `${name}=${encodeURIComponent(text)}`),
          `${name}=1&${name}=2`,
          `${name}[]=1`,
        ]);
      const queries = [...wrong, 'surprise=1', 'cursor=bm90aGluZw', 'cursor=%F0'];
      const cases = queries.map((query) => ({
        what: query.slice(0, 60),
        target: `${path}?${query}`,
        ...(operation.isUpload && { headers: { 'content-type': 'multipart/form-data; boundary=b' } }),
      }));
      expect(await listWronglyAnswered(operation, cases, [400])).toEqual([]);
    },
  );

  it.each(named(operations.filter(({ path }) => path !== undefined)))(
    '%s refuses a malformed id or name',
    async (_, operation) => {
      const before = await scene.digest();
      const good = operation.path?.(scene.ana.things) ?? {};
      const body = operation.bodies?.(scene.ana.things)[0];
      const cases = Object.keys(good).flatMap((name) => {
        const everywhere = ['\0', 'a\0', '\ufffd'.repeat(70), 'x'.repeat(99), '\n', 'a/b', '../..'];
        const values =
          name === 'id'
            ? [...everywhere, '1', 'x', '-1', "' OR true --", `${good['id']}x`, '{}']
            : everywhere;
        return values.map((value) => ({
          what: `${name} ${JSON.stringify(value)}`,
          target: addressOf(operation, { ...good, [name]: value }),
          ...(body !== undefined && { body: JSON.stringify(body) }),
        }));
      });
      expect(await listWronglyAnswered(operation, cases, [400])).toEqual([]);
      // What is no UTF-8, or longer than any name, is no address at all.
      for (const broken of ['%', '%zz', '%ff', 'x'.repeat(2_000)]) {
        const target = operation.template.replace(/\{\w+\}/g, broken);
        const given = { what: broken, target, ...(body !== undefined && { body: JSON.stringify(body) }) };
        expect(await listWronglyAnswered(operation, [given], [400, 404, 414])).toEqual([]);
      }
      expect(await scene.digest()).toEqual(before);
    },
  );

  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['another protocol', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['headers without end', `GET /api/v1/bots HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, 431],
    [
      'two lengths',
      'POST /api/v1/bots HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}',
      400,
    ],
    [
      'a length and chunks',
      'POST /api/v1/bots HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
  ])('is refused before it is a request: %s', async (_, bytes, status) => {
    const answer = await exchange(scene.application.url, bytes);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*application/problem\\+json`));
    expect(JSON.parse(body)).toMatchObject({ status, code: expect.any(String) as string });
  });

  it('has problem documents for addresses and methods that are not there', async () => {
    for (const [method, target] of [
      ['GET', '/api/v1/nothing'],
      ['PUT', '/api/v1/bots'],
      ['PATCH', '/api/v1/auth/sign-up'],
      ['GET', '/api/v1/%zz'],
      ['GET', '/%ff'],
      ['GET', '//'],
      ['GET', `/api/v1/bots/${'x'.repeat(5_000)}`],
    ] as const) {
      const answer = await sendRaw(scene.application.url, method, target, { token: scene.ana.tokens.owner });
      expect({ target, isProblem: isProblem(answer) }).toEqual({ target, isProblem: true });
      expect([400, 404, 405, 414]).toContain(answer.status);
    }
  });
});

/** Writes bytes to the server's port and reads until it closes. */
function exchange(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => socket.write(Buffer.from(bytes, 'latin1')));
    socket.on('data', (piece: Buffer) => received.push(piece));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(received).toString()));
  });
}
