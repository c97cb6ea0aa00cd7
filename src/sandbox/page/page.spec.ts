import { Script } from 'node:vm';

import { pageMarkup } from './page-markup.js';
import { pageScript } from './page-script.js';
import { pageTexts } from './page-texts.js';

describe('the page', () => {
  it('has a script that browsers can read', () => {
    expect(() => new Script(pageScript)).not.toThrow();
  });

  it('says the same things in every language, none of them empty', () => {
    const names = Object.keys(pageTexts.en).sort();
    for (const texts of Object.values(pageTexts)) {
      expect(Object.keys(texts).sort()).toEqual(names);
      expect(Object.values(texts).every((text) => text.trim() !== '')).toBe(true);
    }
  });

  it('has words for whatever the markup and the script name', () => {
    const named = [
      ...[...pageMarkup.matchAll(/data-(?:text|placeholder)="(\w+)"/g)].map(([, name]) => name),
      ...[...pageScript.matchAll(/say\('(\w+)'\)/g)].map(([, name]) => name),
    ];
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name) => !(name && name in pageTexts.en))).toEqual([]);
  });

  it('looks up only elements that are there', () => {
    const ids = [...pageScript.matchAll(/find\('([\w-]+)'\)/g)].map(([, id]) => id);
    expect(ids.filter((id) => !pageMarkup.includes(`id="${id}"`))).toEqual([]);
  });
});
