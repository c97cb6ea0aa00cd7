import { readUrl } from '../../platform/egress/index.js';
import { badRequest, payloadTooLarge } from '../wire/call.errors.js';
import { type UploadedFile } from '../wire/parameters.rules.js';
import { type ShelvedFile } from '../world/file-shelf.js';
import { readImageSize } from './image-size.rules.js';
import { type MessageContent } from './post-message.js';
import { type MethodCall } from './method-call.js';

export const mediaKinds = [
  'photo',
  'document',
  'video',
  'audio',
  'animation',
  'voice',
  'sticker',
  'video_note',
] as const;
export type MediaKind = (typeof mediaKinds)[number];

/** What Telegram calls them where a file_id is named as another kind. */
const fileTypes: Readonly<Record<string, string>> = {
  photo: 'Photo',
  document: 'Document',
  video: 'Video',
  audio: 'Audio',
  animation: 'Animation',
  voice: 'VoiceNote',
  sticker: 'Sticker',
  video_note: 'VideoNote',
};

// https://core.telegram.org/bots/api#sending-files
const mostPhotoBytes = 10 * 1024 * 1024;
export const mostUploadBytes = 50 * 1024 * 1024;

/**
 * The file that a media parameter means: an upload of this request, a file_id of this bot, or an address, which the
 * sandbox takes for granted and never fetches.
 * @throws CallRefusedError
 */
export function takeFile(call: MethodCall, kind: MediaKind, value: unknown, field: string): ShelvedFile {
  const { bot, files } = call;
  const attached = typeof value === 'string' && value.startsWith('attach://') ? value.slice(9) : undefined;
  const upload = files.get(attached ?? (value === undefined ? field : ''));
  if (upload) {
    checkSize(kind, upload);
    return bot.workspace.files.addUpload(bot.id, kind, upload);
  }
  if (attached !== undefined) throw badRequest('attached file not found in the request');
  if (typeof value !== 'string' || value === '') throw badRequest(`there is no ${field} in the request`);
  const url = /^https?:\/\//i.test(value) ? readFileUrl(value) : undefined;
  const file = url
    ? bot.workspace.files.addAddress(bot.id, kind, url)
    : bot.workspace.files.find(bot.id, value);
  if (!file) throw badRequest('wrong file identifier/HTTP URL specified');
  checkKind(kind, file);
  return file;
}

/** "A video can't be sent as a photo, a photo can't be sent as a document": all but photos are documents of some kind. */
function checkKind(kind: MediaKind, file: ShelvedFile): void {
  if ((kind === 'photo') === (file.kind === 'photo')) return;
  throw badRequest(`can't use file of type ${fileTypes[file.kind]} as ${fileTypes[kind]}`);
}

function readFileUrl(value: string): URL {
  const url = value.length > 2048 ? undefined : readUrl(value);
  if (!url) throw badRequest('wrong file identifier/HTTP URL specified');
  return url;
}

function checkSize(kind: MediaKind, { content }: UploadedFile): void {
  if (content.length === 0) throw badRequest('file must be non-empty');
  if (content.length > (kind === 'photo' ? mostPhotoBytes : mostUploadBytes)) throw payloadTooLarge();
}

/** The field of a message that shows the media. */
export function describeMedia(kind: MediaKind, file: ShelvedFile): MessageContent {
  const base = { file_id: file.fileId, file_unique_id: file.fileUniqueId, file_size: file.sizeBytes };
  const named = { ...base, file_name: file.name, mime_type: file.contentType };
  const size = readImageSize(file.content);
  switch (kind) {
    case 'photo':
      return { photo: [{ ...base, ...size }] };
    case 'document':
      return { document: named };
    case 'animation':
      // Telegram fills both fields, for clients that know only documents.
      return { animation: { ...named, ...size, duration: 0 }, document: named };
    case 'video':
      return { video: { ...named, ...size, duration: 0 } };
    case 'audio':
      return { audio: { ...named, duration: 0 } };
    case 'voice':
      return { voice: { ...base, mime_type: file.contentType, duration: 0 } };
    case 'sticker':
      return { sticker: { ...base, ...size, type: 'regular', is_animated: false, is_video: false } };
    case 'video_note':
      return { video_note: { ...base, length: 240, duration: 0 } };
  }
}
