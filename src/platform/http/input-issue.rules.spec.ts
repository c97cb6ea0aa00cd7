import { z } from 'zod';
import { describeIssue } from './input-issue.rules.js';

const nested = z.strictObject({ name: z.string() });
const shapes = z.discriminatedUnion('to', [
  z.strictObject({ to: z.literal('everybody') }),
  z.strictObject({ to: z.literal('tags') }),
]);

describe('describeIssue', () => {
  it.each<[string, z.ZodType, unknown, string]>([
    ['an array for an object', nested, [], 'must be an object'],
    ['a field that is missing', nested, {}, 'is required'],
    ['a number for a text', nested, { name: 3 }, 'must be a string'],
    ['a text for a number', z.number(), 'x', 'must be a number'],
    ['letters in a query', z.coerce.number(), 'x', 'must be a number'],
    ['a fraction', z.int(), 1.5, 'must be a whole number'],
    ['a text for a truth', z.boolean(), 'yes', 'must be true or false'],
    ['an object for a list', z.array(z.string()), {}, 'must be an array'],
    ['a number too small', z.int().min(1), 0, 'must be at least 1'],
    ['a number too large', z.int().max(200), 201, 'must be at most 200'],
    ['a number on the open lower bound', z.number().gt(0), 0, 'must be more than 0'],
    ['a number on the open upper bound', z.number().lt(1), 1, 'must be less than 1'],
    ['an integer that no double holds', z.int(), 1e300, 'must be at most 9007199254740991'],
    ['an odd step', z.int().multipleOf(5), 3, 'must be a multiple of 5'],
    ['an empty text', z.string().min(1), '', 'must not be empty'],
    ['a short text', z.string().min(10), 'abc', 'must be at least 10 characters long'],
    ['a long text', z.string().max(10), 'abcdefghijk', 'must be at most 10 characters long'],
    ['a text of another length', z.string().length(3), 'ab', 'must be exactly 3 characters long'],
    ['an empty list', z.array(z.string()).min(1), [], 'must have at least 1 item'],
    ['a long list', z.array(z.int()).max(2), [1, 2, 3], 'must have at most 2 items'],
    ['an unknown choice', z.enum(['live', 'sandbox']), 'moon', 'must be one of live, sandbox'],
    ['no choice', z.enum(['a', 'b']), undefined, 'is required and must be one of a, b'],
    ['another constant', z.literal('photo'), 'text', 'must be photo'],
    ['an unknown kind', shapes, { to: 'nobody' }, 'must be one of everybody, tags'],
    ['none of two types', z.union([z.string(), z.int()]), {}, 'has none of the shapes'],
    ['no date', z.iso.datetime(), 'tomorrow', 'must be a date and time in ISO 8601 such as'],
    ['no address', z.email(), 'ana', 'must be an e-mail address such as ana@example.org'],
    ['another pattern', z.string().regex(/^a/), 'b', 'is not written as this field takes it'],
    ['a key too long', z.record(z.string().max(1), z.int()), { aa: 1 }, 'is a key that is not allowed'],
  ])('says what to do about %s', (_, schema, input, expected) => {
    const parsed = schema.safeParse(input, { error: describeIssue });
    expect(parsed.error?.issues[0]?.message).toContain(expected);
    expect(parsed.error?.issues[0]?.message).not.toMatch(/invalid|received|expected/i);
  });

  it("leaves a schema's own words alone", () => {
    const schema = z.string().refine(() => false, 'must be an IANA time zone');
    expect(schema.safeParse('x', { error: describeIssue }).error?.issues[0]?.message).toBe(
      'must be an IANA time zone',
    );
  });
});
