/** As much of JSON Schema as the API's document uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly const?: unknown;
}

/** A body with one thing wrong, as it goes over the wire. */
export interface SpoiledBody {
  readonly what: string;
  readonly json: string;
}

type Components = Readonly<Record<string, Schema>>;
type Write = (value: unknown) => string;

/** Goes over the wire as it is: JSON.stringify has no word for it. */
class Raw {
  constructor(readonly json: string) {}
}

const DEPTH = 500;
const deep = new Raw('['.repeat(DEPTH) + ']'.repeat(DEPTH));

/**
 * Bodies in each of which one thing is wrong: every field of the good one with what its schema rules out.
 *
 * @param seen gets the path of every field of the schema that the good body has
 */
export function spoil(
  schema: Schema,
  good: unknown,
  components: Components,
  seen: Set<string>,
): SpoiledBody[] {
  const spoiled: SpoiledBody[] = [];
  const visit = (given: Schema, value: unknown, path: string, write: Write): void => {
    const here = branchFor(resolveSchema(given, components), value, components);
    const add = (what: string, bad: unknown) =>
      spoiled.push({ what: `${path || 'body'}: ${what}`, json: write(bad) });
    for (const [what, bad] of badValues(here, value)) add(what, bad);
    if (here.items && Array.isArray(value)) {
      const items: unknown[] = value;
      items.forEach((item, index) =>
        visit(here.items ?? {}, item, `${path}[]`, (bad) =>
          write(new Raw(writeArray(items.map((other, at) => (at === index ? bad : other))))),
        ),
      );
    }
    if (!here.properties) return;
    const fields = value as Record<string, unknown>;
    add('an unknown field', { ...fields, isAdmin: true });
    add('a field of every object', { ...fields, constructor: { prototype: { isAdmin: true } } });
    add('a poisoned prototype', new Raw(`{"__proto__":{"isAdmin":true},${JSON.stringify(fields).slice(1)}`));
    for (const [name, property] of Object.entries(here.properties)) {
      if (!(name in fields)) continue;
      const { [name]: mine, ...others } = fields;
      const below = `${path}.${name}`;
      seen.add(`${below}${markOf(here)}`);
      if (here.required?.includes(name)) add(`without ${name}`, others);
      visit(property, mine, below, (bad) => write(new Raw(writeObject({ ...fields, [name]: bad }))));
    }
  };
  visit(schema, good, '', writeValue);
  return spoiled;
}

/** Every field of the schema, as {@link spoil} notes those that it saw. */
export function fieldsOf(schema: Schema, components: Components, path = ''): string[] {
  const here = resolveSchema(schema, components);
  if (here.oneOf) return here.oneOf.flatMap((branch) => fieldsOf(branch, components, path));
  if (here.items) return fieldsOf(here.items, components, `${path}[]`);
  return Object.entries(here.properties ?? {}).flatMap(([name, property]) => [
    `${path}.${name}${markOf(here)}`,
    ...fieldsOf(property, components, `${path}.${name}`),
  ]);
}

/** Values that a query parameter of this schema refuses, as text. */
export function badTexts(schema: Schema): string[] {
  const texts = ['', '\0'];
  if (schema.type === 'integer') {
    texts.push('x', '1.5', '-1', '1e99', 'NaN', String((schema.maximum ?? 0) + 1));
  } else {
    texts.push('x'.repeat((schema.maxLength ?? 100) + 1));
    if (schema.enum ?? schema.format) texts.push('nonsense', "' OR true --");
  }
  return texts;
}

function badValues(given: Schema, good: unknown): [string, unknown][] {
  const schema = given.anyOf?.find(({ type }) => type !== 'null') ?? given;
  const isNullable = schema !== given;
  const ofType: Record<string, unknown> = {
    string: 'text',
    integer: 7,
    boolean: true,
    array: [good],
    object: {},
  };
  const type = schema.type ?? 'object';
  const bad: [string, unknown][] = [
    ...(isNullable ? [] : [['null', null] as [string, unknown]]),
    ['deep nesting', deep],
    ...Object.entries(ofType)
      .filter(([name]) => name !== type)
      .map(([name, value]): [string, unknown] => [`${name} instead`, value]),
  ];
  if (typeof good === 'string') {
    const longest = schema.maxLength ?? 200;
    bad.push(
      ['empty', ''],
      ['too long', `${good}${'x'.repeat(longest)}`],
      ['far too long', 'x'.repeat(900_000)],
      ['NUL', `${good}\0`],
      ['half a character', `${good}\ud83d`],
      ['the other half', `\ude00${good}`],
    );
    if (schema.enum ?? schema.format) bad.push(['nonsense', 'nonsense']);
  }
  if (type === 'integer') {
    if ((schema.minimum ?? 0) >= 0) bad.push(['negative', -1]);
    bad.push(
      ['fraction', 1.5],
      ['too small', (schema.minimum ?? 0) - 1],
      ['too large', (schema.maximum ?? Number.MAX_SAFE_INTEGER) + 1],
      ['no number has it', new Raw('1e999')],
    );
  }
  if (Array.isArray(good) && schema.maxItems !== undefined) {
    // An empty list is good where the schema says so itself.
    if (schema.minItems !== 0) bad.push(['no items', []]);
    bad.push(['too many items', Array<unknown>(schema.maxItems + 1).fill(good[0])]);
  }
  return bad;
}

/** The schema itself, where this one refers to it. */
export function resolveSchema(schema: Schema, components: Components): Schema {
  const name = schema.$ref?.split('/').at(-1);
  return name === undefined ? schema : resolveSchema(components[name] ?? {}, components);
}

/** Of the shapes that a value may have, the one whose fixed words it has. */
function branchFor(schema: Schema, value: unknown, components: Components): Schema {
  if (!schema.oneOf) return schema;
  const branches = schema.oneOf.map((branch) => resolveSchema(branch, components));
  const fields = value as Record<string, unknown>;
  const fitting = branches.find((branch) =>
    fixedWords(branch).every(([name, word]) => fields[name] === word),
  );
  if (!fitting) throw new Error(`The good body has none of the documented shapes: ${JSON.stringify(value)}`);
  return fitting;
}

function fixedWords(schema: Schema): [string, string | undefined][] {
  return Object.entries(schema.properties ?? {})
    .filter(([, property]) => property.enum?.length === 1)
    .map(([name, property]) => [name, property.enum?.[0]]);
}

function markOf(schema: Schema): string {
  return fixedWords(schema)
    .map(([name, word]) => ` (${name} ${word})`)
    .join('');
}

function writeValue(value: unknown): string {
  return value instanceof Raw ? value.json : JSON.stringify(value);
}

function writeArray(items: readonly unknown[]): string {
  return `[${items.map(writeValue).join(',')}]`;
}

function writeObject(fields: Record<string, unknown>): string {
  const written = Object.entries(fields).map(
    ([name, value]) => `${JSON.stringify(name)}:${writeValue(value)}`,
  );
  return `{${written.join(',')}}`;
}
