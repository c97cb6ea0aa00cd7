import {
  attachmentHeader,
  cleanFileName,
  cutIntoChunks,
  detectContentType,
  findMisfit,
} from './asset.rules.js';

describe('detectContentType', () => {
  it.each([
    [[0xff, 0xd8, 0xff, 0xe0], 'text/html', 'image/jpeg'],
    [[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], '', 'image/png'],
    [[...Buffer.from('GIF89a')], 'x', 'image/gif'],
    [[...Buffer.from('RIFF\n\n\n\nWEBP')], 'x', 'image/webp'],
    [[...Buffer.from('<html>')], 'image/png', 'application/octet-stream'],
    [[...Buffer.from('%PDF-1.7')], 'Application/PDF; charset=x', 'application/pdf'],
    [[1], 'a\r\nset-cookie: x', 'application/octet-stream'],
    [[], '', 'application/octet-stream'],
  ])('%j declared %j is %s', (head, declared, expected) => {
    expect(detectContentType(Buffer.from(head), declared)).toBe(expected);
  });
});

describe('findMisfit', () => {
  const megabyte = 1024 * 1024;
  it.each([
    ['photo', 'image/png', 10 * megabyte, undefined],
    ['photo', 'image/png', 10 * megabyte + 1, /10 MB/],
    ['photo', 'application/pdf', 1, /no JPEG/],
    ['document', 'image/png', 50 * megabyte, undefined],
    ['document', 'image/png', 50 * megabyte + 1, /50 MB/],
  ] as const)('%s %s of %i bytes', (kind, contentType, sizeBytes, expected) => {
    const misfit = findMisfit({ contentType, sizeBytes }, kind);
    if (expected) expect(misfit).toMatch(expected);
    else expect(misfit).toBeUndefined();
  });
});

describe('file names', () => {
  it.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\tmp\\a.png', 'a.png'],
    ['a"\r\nb', 'ab'],
    ['..', 'file'],
    ['', 'file'],
    [undefined, 'file'],
    ['résumé 😀.pdf', 'résumé 😀.pdf'],
  ])('%j becomes %j', (given, expected) => {
    expect(cleanFileName(given)).toBe(expected);
  });

  it('travel in a header', () => {
    expect(attachmentHeader("résumé (1)'.pdf")).toBe(
      `attachment; filename="r_sum_ (1)'.pdf"; filename*=UTF-8''r%C3%A9sum%C3%A9%20%281%29%27.pdf`,
    );
  });
});

describe('cutIntoChunks', () => {
  it.each([
    [[], []],
    [['abc'], ['abc']],
    [['abcd'], ['abcd']],
    [
      ['a', 'b', 'cde', 'fghijklm'],
      ['abcd', 'efgh', 'ijkl', 'm'],
    ],
  ])('%j by four', async (pieces, expected) => {
    async function* stream() {
      for (const piece of pieces) yield await Promise.resolve(Buffer.from(piece));
    }
    const chunks: string[] = [];
    for await (const chunk of cutIntoChunks(stream(), 4)) chunks.push(chunk.toString());
    expect(chunks).toEqual(expected);
  });
});
