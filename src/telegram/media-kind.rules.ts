/** Kinds of message that show one file, in Telegram's words: also the name of the parameter that takes the file. */
export const MEDIA_KINDS = [
  'photo',
  'document',
  'video',
  'animation',
  'audio',
  'voice',
  'video_note',
  'sticker',
] as const;
export type MediaKind = (typeof MEDIA_KINDS)[number];

export const MEDIA_METHODS = {
  photo: 'sendPhoto',
  document: 'sendDocument',
  video: 'sendVideo',
  animation: 'sendAnimation',
  audio: 'sendAudio',
  voice: 'sendVoice',
  video_note: 'sendVideoNote',
  sticker: 'sendSticker',
} as const satisfies Record<MediaKind, string>;
export type MediaMethod = (typeof MEDIA_METHODS)[MediaKind];

/**
 * The `file_id` by which a bot names a file again, from the message that brought it. Telegram may show a file as
 * another kind than it was sent as (a video without sound as an animation) and fills that kind's field; a photo comes in
 * several sizes, the largest last.
 */
export function readFileId(message: unknown, kind: MediaKind): string | undefined {
  const fields = (message ?? {}) as Readonly<Record<string, unknown>>;
  for (const field of [kind, ...MEDIA_KINDS]) {
    const value = fields[field];
    const file: unknown = Array.isArray(value) ? value.at(-1) : value;
    const fileId = (file as { file_id?: unknown } | null | undefined)?.file_id;
    if (typeof fileId === 'string') return fileId;
  }
  return undefined;
}
