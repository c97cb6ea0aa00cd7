import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import {
  addressOf,
  apiDocument,
  type Operation,
  type Parameter,
  type Things,
} from '../security/operations.js';
import { badTexts, resolveSchema, type Schema } from '../security/spoiling.js';

/** What goes over the wire, and whether the API's own document rules it out. */
export interface GeneratedRequest {
  readonly operation: Operation;
  readonly target: string;
  readonly body: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** A 2xx would be an acceptance of what the document forbids. */
  readonly isInvalid: boolean;
}

interface GivenBody {
  readonly text: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly isInvalid: boolean;
}

type Given = Pick<GeneratedRequest, 'target' | 'body' | 'headers' | 'isInvalid'>;

const components = apiDocument.components.schemas;
const DEPTHS = [50, 500, 20_000];
const HUGE = 'x'.repeat(200_000);
/** JSON.stringify has no word for these: they are put in afterwards, as they are. */
const RAW = ['1e999', '-1e999', '1E400', '0.1e-999', '9007199254740993', '-0'];
const MARK = '@raw@';

const oddTexts = fc.oneof(
  fc.constantFrom('', ' ', '\0', 'a\0b', '\ud83d', '\ude00', '\u202e', '\ufeff', '\u2028', HUGE, '__proto__'),
  fc.constantFrom(
    "' OR true --",
    '$1',
    '%s%n',
    '{{firstName}}',
    '<script>',
    '../../etc/passwd',
    '${7*7}',
    '{id}',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  // Halves of characters, as JSON can write them.
  fc
    .array(fc.integer({ min: 0xd800, max: 0xdfff }), { maxLength: 5 })
    .map((units) => String.fromCharCode(...units)),
);
const oddValues: fc.Arbitrary<unknown> = fc.oneof(
  oddTexts,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(...RAW.map((raw) => MARK + raw)),
  fc.constantFrom(null, true, false, 0, -1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, [], {}, [[]], [null]),
  fc.constantFrom(...DEPTHS.map((depth) => MARK + '['.repeat(depth) + ']'.repeat(depth))),
  fc.constant({ constructor: { prototype: { isAdmin: true } } }),
);

/** Makes requests of every operation out of its schemas: right ones, nearly right ones, and such as nobody would send. */
export class RequestGenerator {
  private readonly ajv = new Ajv2020.default({
    strict: false,
    strictNumbers: true,
    validateFormats: true,
    logger: false,
  });
  private readonly validators = new Map<string, (body: unknown) => boolean>();
  private readonly arbitraries: ReadonlyMap<Operation, fc.Arbitrary<Given>>;

  /** @param thingsFor what whoever asks for the operation has */
  constructor(
    operations: readonly Operation[],
    private readonly thingsFor: (operation: Operation) => Things,
  ) {
    addFormats.default(this.ajv);
    // The document is a schema with a place for every other.
    this.ajv.addSchema({ $id: 'api', components: apiDocument.components });
    for (const { id, bodySchema } of operations) {
      if (bodySchema)
        this.validators.set(id, this.ajv.compile(rebase(bodySchema) as object) as (body: unknown) => boolean);
    }
    this.arbitraries = new Map(
      operations.map((operation) => [operation, this.requestsOf(operation, thingsFor(operation))]),
    );
  }

  /** What the operation's row has, as it is: whoever may gets an acceptance, as long as the things are there. */
  right(operation: Operation): GeneratedRequest[] {
    const things = this.thingsFor(operation);
    const target = addressOf(operation, operation.path?.(things) ?? {});
    if (operation.isUpload)
      return [
        {
          operation,
          target,
          body: RIGHT_UPLOAD.text,
          headers: { ...RIGHT_UPLOAD.headers },
          isInvalid: false,
        },
      ];
    return (operation.bodies?.(things) ?? [undefined]).map((good) => {
      const body = good === undefined ? undefined : write(good);
      const isInvalid = body !== undefined && !this.isValid(operation, body);
      return { operation, target, body, headers: {}, isInvalid };
    });
  }

  /** @param seed the same gives the same requests */
  sample(operation: Operation, count: number, seed: number): GeneratedRequest[] {
    const arbitrary = this.arbitraries.get(operation);
    if (!arbitrary) throw new Error(`There is no operation ${operation.id}`);
    return fc.sample(arbitrary, { seed, numRuns: count }).map((given) => ({ operation, ...given }));
  }

  private requestsOf(operation: Operation, things: Things): fc.Arbitrary<Given> {
    const own = operation.path?.(things) ?? {};
    const path = fc.record(
      Object.fromEntries(
        Object.entries(own).map(([name, good]) => [
          name,
          // A name in an address may be of any length that the server takes.
          fc.oneof(
            { weight: 6, arbitrary: fc.constant(good) },
            { weight: 2, arbitrary: fc.uuid() },
            oddTexts.map((text) => wellFormed(text.slice(0, 500))),
          ),
        ]),
      ),
    );
    const isNamedRightly = operation.parameters
      .filter(({ in: place }) => place === 'path')
      .map(({ name, schema }) => [name, this.ajv.compile(schema)] as const);
    const query = queryOf(
      operation.parameters.filter(({ in: place }) => place === 'query'),
      things,
    );
    return fc
      .record({ path, query, body: this.anyBodyOf(operation, things), headers: oddHeaders })
      .map(({ path, query, body, headers }) => ({
        target: addressOf(operation, path) + query.text,
        body: body.text,
        headers: { ...headers, ...body.headers },
        isInvalid:
          query.isInvalid || body.isInvalid || isNamedRightly.some(([name, isRight]) => !isRight(path[name])),
      }));
  }

  private anyBodyOf(operation: Operation, things: Things): fc.Arbitrary<GivenBody> {
    if (operation.isUpload) return uploads;
    if (!operation.bodySchema) return fc.constant({ text: undefined, isInvalid: false });
    return this.bodiesOf(operation, operation.bodySchema, things).map((text) => ({
      text,
      isInvalid: !this.isValid(operation, text),
    }));
  }

  private bodiesOf(operation: Operation, schema: Schema, things: Things): fc.Arbitrary<string> {
    const good = operation.bodies?.(things) ?? [];
    return fc.oneof(
      { weight: 5, arbitrary: valuesOf(schema, things, true).map(write) },
      { weight: 2, arbitrary: valuesOf(schema, things, false).map(write) },
      ...(good.length > 0 ? [{ weight: 2, arbitrary: fc.constantFrom(...good).map(write) }] : []),
      { weight: 1, arbitrary: oddValues.map(write) },
      // Not even JSON.
      { weight: 1, arbitrary: fc.constantFrom('', '{', 'x', '{"a":1,}', '\u0000', '[', 'NaN', "{'a':1}") },
    );
  }

  private isValid(operation: Operation, body: string): boolean {
    try {
      return this.validators.get(operation.id)?.(JSON.parse(body)) ?? false;
    } catch (error) {
      // It is no JSON, or too deep for the validator to follow.
      if (error instanceof SyntaxError || error instanceof RangeError) return false;
      throw error;
    }
  }
}

/** Values of the schema; with oddities here and there where they are wanted. */
function valuesOf(given: Schema, things: Things, isOdd: boolean): fc.Arbitrary<unknown> {
  const schema = resolveSchema(given, components);
  const plain = plainValuesOf(schema, things, isOdd);
  return isOdd ? fc.oneof({ weight: 14, arbitrary: plain }, { weight: 1, arbitrary: oddValues }) : plain;
}

function plainValuesOf(schema: Schema, things: Things, isOdd: boolean): fc.Arbitrary<unknown> {
  const branches = schema.oneOf ?? schema.anyOf;
  if (branches) return fc.oneof(...branches.map((branch) => valuesOf(branch, things, isOdd)));
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.const !== undefined) return fc.constant(schema.const);
  switch (schema.type) {
    case 'object': {
      const properties = Object.entries(schema.properties ?? {});
      const record = fc.record(
        Object.fromEntries(properties.map(([name, property]) => [name, valuesOf(property, things, isOdd)])),
        { requiredKeys: schema.required?.filter((name) => name in (schema.properties ?? {})) ?? [] },
      );
      if (!isOdd) return record;
      const strayed = fc
        .tuple(record, oddTexts, oddValues)
        .map(([fields, name, value]) => ({ ...fields, [name.slice(0, 30)]: value }));
      return fc.oneof({ weight: 14, arbitrary: record }, { weight: 1, arbitrary: strayed });
    }
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}, things, isOdd), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.max(schema.minItems ?? 0, Math.min(schema.maxItems ?? 3, 3)),
      });
    case 'integer':
    case 'number':
      return fc.integer({ min: schema.minimum ?? -1_000, max: schema.maximum ?? 1_000_000 });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'string':
      return textsOf(schema, things);
    default:
      return oddValues;
  }
}

function textsOf(schema: Schema, things: Things): fc.Arbitrary<string> {
  if (schema.format === 'uuid') {
    const ids = Object.values<string>({ ...things }).filter((value) => /^[0-9a-f-]{36}$/.test(value));
    return fc.oneof(fc.constantFrom(...ids), fc.uuid());
  }
  if (schema.format === 'email') return fc.uuid().map((id) => `${id}@example.org`);
  if (schema.format === 'uri') return fc.webUrl();
  if (schema.format === 'date-time')
    return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
  const shortest = schema.minLength ?? 0;
  return fc.oneof(
    fc.string({ minLength: shortest, maxLength: Math.max(shortest, Math.min(schema.maxLength ?? 60, 60)) }),
    fc.constantFrom(
      '0 9 * * *',
      '2099-12-31T09:00',
      'America/Sao_Paulo',
      'https://example.org/a.pdf',
      things.tag,
    ),
  );
}

function queryOf(
  parameters: readonly Parameter[],
  things: Things,
): fc.Arbitrary<{ text: string; isInvalid: boolean }> {
  const none = fc.constant({ text: '', isInvalid: false });
  if (parameters.length === 0) return none;
  const write = (pairs: readonly (readonly [string, unknown])[], isInvalid: boolean) => ({
    text: `?${pairs.map(([name, value]) => `${name}=${encode(String(value).slice(0, 5_000))}`).join('&')}`,
    isInvalid,
  });
  const right = fc
    .record(
      Object.fromEntries(parameters.map(({ name, schema }) => [name, valuesOf(schema, things, false)])),
      { requiredKeys: [] },
    )
    .map((values) => write(Object.entries(values), false));
  const bad = parameters.flatMap(({ name, schema }) =>
    badTexts(schema).map((text) => write([[name, text]], true)),
  );
  const twice = parameters.map(({ name }) => {
    const pair = [name, '1'] as const;
    return write([pair, pair], true);
  });
  return fc.oneof(
    { weight: 4, arbitrary: none },
    { weight: 4, arbitrary: right },
    oddTexts.map((text) => write([['surprise', text.slice(0, 500)]], true)),
    fc.constantFrom(...bad, ...twice),
  );
}

const FILE_NAMES = ['a.txt', '', '../../etc/passwd', 'a\0b', '\u202etxt.exe', 'x'.repeat(5_000), 'C:\\a.txt'];
const partOf = (field: string, name: string | undefined) =>
  `--b\r\ncontent-disposition: form-data; name="${field}"${name === undefined ? '' : `; filename="${name}"`}\r\n` +
  'content-type: text/plain\r\n\r\nwords\r\n';

/** Files as forms send them, and what a program that breaks off or mistakes something makes of them. */
const uploads: fc.Arbitrary<GivenBody> = fc.oneof(
  fc.constantFrom(...FILE_NAMES).map((name) => uploadOf(`${partOf('file', name)}--b--\r\n`, false)),
  fc
    .constantFrom(
      ...[
        '',
        '--b\r\nhalf an upload',
        '--b--\r\n',
        `${partOf('file', 'a.txt')}`,
        `${partOf('words', undefined)}--b--\r\n`,
      ],
    )
    .map((text) => uploadOf(text, true)),
  fc
    .constantFrom('multipart/form-data', 'multipart/form-data; boundary=', 'text/plain', 'application/json')
    .map((type) => uploadOf(`${partOf('file', 'a.txt')}--b--\r\n`, true, type)),
);

function uploadOf(text: string, isInvalid: boolean, type = 'multipart/form-data; boundary=b'): GivenBody {
  return { text, headers: { 'content-type': type }, isInvalid };
}

const RIGHT_UPLOAD = uploadOf(`${partOf('file', 'a.txt')}--b--\r\n`, false);

/** Headers as they can be written; what they mean is the server's to find out. */
const oddHeaders = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  fc.constantFrom<Record<string, string>>(
    { 'idempotency-key': 'x'.repeat(500) },
    { 'idempotency-key': 'caf\u00e9' },
    { 'x-forwarded-for': '10.0.0.1, 127.0.0.1, unknown' },
    { 'x-request-id': '"><script>' },
    { accept: 'text/html' },
    { 'accept-language': 'x'.repeat(2_000) },
    { range: 'bytes=9-1' },
    { 'if-none-match': '*' },
    { cookie: '__proto__=1; a; ;=; __Host-arauto_refresh=x' },
    { 'x-http-method-override': 'DELETE' },
    { 'content-type': 'application/json; charset=utf-7' },
  ),
);

function write(value: unknown): string {
  return JSON.stringify(value).replace(/"@raw@([^"]*)"/g, '$1');
}

/** Halves of characters have no place in an address; they become what a browser makes of them. */
function encode(text: string): string {
  return encodeURIComponent(wellFormed(text));
}

/** The schema with its references into the document as Ajv knows it. */
function rebase(schema: Schema): unknown {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"api#/components')) as unknown;
}

function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
