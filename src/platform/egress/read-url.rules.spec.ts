import { readUrl } from './read-url.rules.js';

describe('readUrl', () => {
  it('reads an address of any letters, however often it is asked', () => {
    for (let n = 0; n < 50_000; n += 1) {
      if (readUrl('https://b\u00fccher.example/')?.hostname !== 'xn--bcher-kva.example')
        throw new Error(`${n}`);
    }
    expect(readUrl('https://b\u00fccher.example/')?.hostname).toBe('xn--bcher-kva.example');
  });

  it.each(['', 'example.org', 'https://', 'https://a b/', 'https://[::'])(
    'says that %j is none',
    (address) => {
      expect(readUrl(address)).toBeUndefined();
    },
  );
});
