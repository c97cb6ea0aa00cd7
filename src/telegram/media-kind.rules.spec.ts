import { MEDIA_KINDS, readFileId } from './media-kind.rules.js';

describe('readFileId', () => {
  it.each(MEDIA_KINDS)('finds the one of a %s', (kind) => {
    const file = { file_id: `of ${kind}` };
    const message = { message_id: 7, [kind]: kind === 'photo' ? [{ file_id: 'small' }, file] : file };
    expect(readFileId(message, kind)).toBe(`of ${kind}`);
  });

  it('takes that of the kind that was asked for, and else that of whatever Telegram made of the file', () => {
    const message = { animation: { file_id: 'moving' }, document: { file_id: 'still' } };
    expect(readFileId(message, 'document')).toBe('still');
    expect(readFileId(message, 'animation')).toBe('moving');
    expect(readFileId({ animation: { file_id: 'moving' } }, 'video')).toBe('moving');
  });

  it.each([
    [null],
    [undefined],
    [true],
    [{}],
    [{ photo: [] }],
    [{ video: { file_id: 7 } }],
    [{ audio: null }],
  ])('finds none in %j', (message) => {
    expect(readFileId(message, 'photo')).toBeUndefined();
  });
});
