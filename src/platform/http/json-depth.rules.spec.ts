import { isNestedDeeperThan } from './json-depth.rules.js';

describe('the depth of JSON', () => {
  it.each([
    ['7', false],
    ['[[]]', false],
    ['[[[]]]', true],
    ['{"a":{"b":[]}}', true],
    ['[[],[],[[]]]', true],
    ['[[],[],[],[]]', false],
    ['"[[[["', false],
    ['["\\"[[[[", "\\\\", [1]]', false],
    ['["\\\\", [[1]]]', true],
  ])('of %s is more than 2: %s', (json, isDeeper) => {
    expect(isNestedDeeperThan(json, 2)).toBe(isDeeper);
  });

  it('is found without running out of stack', () => {
    expect(isNestedDeeperThan('['.repeat(1_000_000), 100)).toBe(true);
  });
});
