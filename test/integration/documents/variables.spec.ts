import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findReadVariables, findVariablesIn } from '../../../scripts/read-variables.mjs';
import { homeDirectory } from '../../harness/product.js';

describe('the table of settings', () => {
  it('has every variable that the code reads, and no other', () => {
    const table = readFileSync(join(homeDirectory, 'docs/configuration.md'), 'utf8');
    const told = [...table.matchAll(/^\| `([A-Z_0-9]+)`/gm)].map(([, name]) => name);
    expect(told.length).toBeGreaterThan(20);
    expect([...findReadVariables(homeDirectory)].toSorted()).toEqual(told.toSorted());
  });
});

describe('findVariablesIn', () => {
  it.each([
    ['a property', 'start(configuration.settings.PORT);'],
    ['an element', "start(process.env['PORT']);"],
    ['a part', 'const { PORT: port } = configuration.settings;'],
    ["a parameter's part", 'function start({ PORT }: Settings): void {}'],
    ['a part of a part', 'function start({ settings: { PORT } }: Configuration): void {}'],
  ])('finds %s', (_, source) => {
    expect(findVariablesIn(source)).toEqual(['PORT']);
  });

  it.each([
    ['a comment', '// as settings.PORT says'],
    ['a text', "say('settings.PORT');"],
    ['a constant of something else', 'start(Limits.PORT);'],
    ['what is no variable', 'start(settings.port);'],
  ])('does not take %s for one', (_, source) => {
    expect(findVariablesIn(source)).toEqual([]);
  });
});
