import { DownloadBrokenOffError, readExactly } from './download.js';

async function* chunksOf(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}

describe('a download', () => {
  const read = async (sizeBytes: number, ...texts: string[]): Promise<string> => {
    let text = '';
    for await (const chunk of readExactly(chunksOf(...texts), sizeBytes)) text += chunk.toString();
    return text;
  };

  it('is what there is, where that is what was announced', async () => {
    expect(await read(5, 'abc', 'de')).toBe('abcde');
    expect(await read(0)).toBe('');
  });

  it.each([
    ['ends early', 6, ['abc', 'de'], /after 5 bytes/],
    ['is gone', 1, [], /after 0 bytes/],
    ['goes on', 4, ['abc', 'de'], /more of it/],
  ] as const)('breaks off where it %s', async (_, sizeBytes, texts, told) => {
    const reading = read(sizeBytes, ...texts);
    await expect(reading).rejects.toThrow(DownloadBrokenOffError);
    await expect(reading).rejects.toThrow(told);
  });
});
