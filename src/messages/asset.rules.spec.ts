import {
  attachmentHeader,
  cleanFileName,
  cutIntoChunks,
  detectContentType,
  findMisfit,
} from './asset.rules.js';

const mp4 = (brand: string) => [0, 0, 0, 32, ...Buffer.from(`ftyp${brand}`)];

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
    [mp4('isom'), 'application/pdf', 'video/mp4'],
    [mp4('isom'), 'audio/x-m4a', 'audio/mp4'],
    [mp4('M4A '), '', 'audio/mp4'],
    [mp4('qt  '), 'video/mp4', 'video/quicktime'],
    [mp4('heic'), 'video/mp4', 'image/heif'],
    [[...Buffer.from('not at all')], 'video/mp4', 'application/octet-stream'],
    [[...Buffer.from('ID3\x04')], '', 'audio/mpeg'],
    [[0xff, 0xfb, 0x90], 'audio/aac', 'audio/mpeg'],
    [[0xff, 0xf1, 0x50], 'audio/aac', 'audio/aac'],
    [[...Buffer.from(`OggS${'\0'.repeat(24)}OpusHead`)], '', 'audio/ogg'],
    [[...Buffer.from(`OggS${'\0'.repeat(24)}\x01vorbis`)], 'audio/ogg', 'application/ogg'],
    [[0x1a, 0x45, 0xdf, 0xa3, ...Buffer.from('....B\x82\x84webm')], '', 'video/webm'],
    [[0x1a, 0x45, 0xdf, 0xa3, ...Buffer.from('....B\x82\x88matroska')], '', 'video/x-matroska'],
    [[0x1f, 0x8b], 'application/x-tgsticker', 'application/x-tgsticker'],
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
    ['video', 'video/mp4', 50 * megabyte, undefined],
    ['video', 'video/quicktime', 1, /no MP4 video; send it as a document/],
    ['animation', 'image/gif', 1, undefined],
    ['animation', 'video/mp4', 1, undefined],
    ['animation', 'image/png', 1, /no GIF or MP4/],
    ['audio', 'audio/mpeg', 50 * megabyte + 1, /audio files of up to 50 MB; make it smaller\.$/],
    ['audio', 'audio/ogg', 1, /no MP3 or M4A/],
    ['voice', 'audio/ogg', 1, undefined],
    ['voice', 'application/ogg', 1, /Opus/],
    ['video_note', 'video/webm', 1, /no MP4 video/],
    ['sticker', 'image/webp', 512 * 1024, undefined],
    ['sticker', 'image/webp', 512 * 1024 + 1, /sticker files of up to 512 KB/],
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
