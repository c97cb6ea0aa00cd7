import { type z } from 'zod';

type RawIssue = z.core.$ZodRawIssue;

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'an array',
  tuple: 'an array',
  date: 'a date and time',
  null: 'null',
};

const FORMATS: Readonly<Record<string, string>> = {
  datetime: 'a date and time in ISO 8601 such as 2026-12-31T09:00:00Z',
  date: 'a date such as 2026-12-31',
  time: 'a time such as 09:00',
  email: 'an e-mail address such as ana@example.org',
  uuid: 'a UUID',
  url: 'a web address such as https://example.org',
};

/**
 * What is wrong with a value and what to do about it, as the end of a sentence that begins with the field's name. Never
 * repeats the value: it may be a secret. For schemas that have no text of their own.
 *
 * @returns undefined where zod's own words have to do
 */
export function describeIssue(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is required';
      return `must be ${TYPES[issue.expected] ?? `of the type ${issue.expected}`}`;
    case 'invalid_value': {
      const isMissing = issue.input === undefined ? 'is required and ' : '';
      return `${isMissing}must be ${oneOf(issue.values)}`;
    }
    case 'invalid_union':
      return describeUnion(issue);
    case 'too_small':
      return issue.exact
        ? sizeSentence(issue.origin, 'exactly', issue.minimum)
        : describeMinimum(issue.origin, issue.minimum, issue.inclusive ?? true);
    case 'too_big':
      if (issue.exact) return sizeSentence(issue.origin, 'exactly', issue.maximum);
      if (issue.inclusive === false && isNumeric(issue.origin)) return `must be less than ${issue.maximum}`;
      return sizeSentence(issue.origin, 'at most', issue.maximum);
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return describeFormat(issue.format);
    case 'invalid_key':
      return 'is a key that is not allowed here; check it against the documentation';
    case 'unrecognized_keys':
    case 'invalid_element':
    case 'custom':
      return undefined;
  }
}

function describeUnion(issue: Extract<RawIssue, { code?: 'invalid_union' }>): string {
  const { options } = issue as { options?: unknown };
  return Array.isArray(options) && options.length > 0
    ? `must be ${oneOf(options)}`
    : 'has none of the shapes that are allowed here; check it against the documentation';
}

function describeMinimum(origin: string, minimum: number | bigint, isInclusive: boolean): string {
  if (origin === 'string' && Number(minimum) === 1) return 'must not be empty';
  if (!isInclusive && isNumeric(origin)) return `must be more than ${minimum}`;
  return sizeSentence(origin, 'at least', minimum);
}

function describeFormat(format: string): string {
  const expected = FORMATS[format];
  return expected === undefined
    ? 'is not written as this field takes it; check it against the documentation'
    : `must be ${expected}`;
}

/** In the unit of what is measured: a number's value, a text's length, a list's items. */
function sizeSentence(origin: string, comparison: string, size: number | bigint): string {
  const unit = (one: string) => (Number(size) === 1 ? one : `${one}s`);
  switch (origin) {
    case 'string':
      return `must be ${comparison} ${size} ${unit('character')} long`;
    case 'array':
    case 'set':
    case 'map':
      return `must have ${comparison} ${size} ${unit('item')}`;
    case 'file':
      return `must have ${comparison} ${size} ${unit('byte')}`;
    default:
      return `must be ${comparison} ${size}`;
  }
}

function isNumeric(origin: string): boolean {
  return origin === 'number' || origin === 'int' || origin === 'bigint';
}

function oneOf(values: readonly unknown[]): string {
  const [only, ...others] = values.map(String);
  return others.length === 0 ? `${only}` : `one of ${[only, ...others].join(', ')}`;
}
