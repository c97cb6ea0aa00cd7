import { frameMultipart, type BotApiUpload } from './multipart.rules.js';

const upload: BotApiUpload = {
  field: 'document',
  fileName: 'report.pdf',
  contentType: 'application/pdf',
  sizeBytes: 3,
  open: () => {
    throw new Error('Framing must not read the file.');
  },
};

const readForm = async (frame: ReturnType<typeof frameMultipart>): Promise<FormData> =>
  new Response(Buffer.concat([frame.head, Buffer.from('abc'), frame.tail]), {
    headers: { 'content-type': frame.headers[1] as string },
  }).formData();

describe('frameMultipart', () => {
  it('writes text as it is and everything else as JSON', async () => {
    const form = await readForm(
      frameMultipart(
        'boundary',
        { chat_id: 1, caption: 'olá\r\n--bound', silent: true, reply_markup: { a: [1] } },
        upload,
      ),
    );
    expect(form.get('chat_id')).toBe('1');
    expect(form.get('caption')).toBe('olá\r\n--bound');
    expect(form.get('silent')).toBe('true');
    expect(form.get('reply_markup')).toBe('{"a":[1]}');
  });

  it('leaves out what is undefined', async () => {
    const form = await readForm(frameMultipart('boundary', { chat_id: 1, caption: undefined }, upload));
    expect([...form.keys()]).toEqual(['chat_id', 'document']);
  });

  it('announces the exact length of the whole', () => {
    const frame = frameMultipart('boundary', { caption: 'olá' }, upload);
    expect(frame.headers[2]).toBe('content-length');
    expect(Number(frame.headers[3])).toBe(frame.head.length + 3 + frame.tail.length);
  });

  it('lets no name or type break out of its line', async () => {
    const form = await readForm(
      frameMultipart(
        'boundary',
        { 'a"\r\nx-evil: 1': 'value' },
        {
          ...upload,
          fileName: 'a"; filename="b\r\n\r\nc',
          contentType: 'text/plain\r\nx-evil: 1',
        },
      ),
    );
    expect([...form.keys()]).toHaveLength(2);
    expect((form.get('document') as File).name).toContain('a');
    expect(await (form.get('document') as File).text()).toBe('abc');
  });
});
