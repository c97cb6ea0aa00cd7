import { type MediaKind, messageLimits } from '../telegram/index.js';

/** Large enough that a file of 50 MB is 200 rows, small enough that nobody notices one in memory. */
export const CHUNK_BYTES = 256 * 1024;

const CONTENT_TYPE = /^[a-z0-9][a-z0-9.+-]{0,63}\/[a-z0-9][a-z0-9.+-]{0,99}$/;
const UNKNOWN_TYPE = 'application/octet-stream';

/** Types that the first bytes tell: whoever declares one of them without those bytes isn't believed. */
const SNIFFED_TYPES: readonly string[] = [
  'image/jpeg',
  'image/png',
  'image/gif',
  'image/webp',
  'video/mp4',
  'video/webm',
  'audio/mp4',
  'audio/mpeg',
  'audio/ogg',
];

/** What each kind may be, as sendPhoto and the others document it, and what it is called in a refusal. */
const FORMATS: Readonly<Record<Exclude<MediaKind, 'document'>, { types: readonly string[]; name: string }>> =
  {
    photo: {
      types: ['image/jpeg', 'image/png', 'image/gif', 'image/webp'],
      name: 'JPEG, PNG, GIF or WebP image',
    },
    video: { types: ['video/mp4'], name: 'MP4 video' },
    animation: { types: ['image/gif', 'video/mp4'], name: 'GIF or MP4' },
    audio: { types: ['audio/mpeg', 'audio/mp4'], name: 'MP3 or M4A' },
    voice: { types: ['audio/ogg', 'audio/mpeg', 'audio/mp4'], name: 'OGG with Opus, MP3 or M4A' },
    video_note: { types: ['video/mp4'], name: 'MP4 video' },
    sticker: {
      types: ['image/webp', 'video/webm', 'application/x-tgsticker'],
      name: 'WEBP, WEBM or TGS sticker',
    },
  };

/** What a file is: by its first bytes where they tell, else what the sender says, unless the bytes would have told. */
export function detectContentType(head: Buffer, declared: string): string {
  const type = declared.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return (
    sniffImage(head) ??
    sniffContainer(head, type) ??
    (CONTENT_TYPE.test(type) && !SNIFFED_TYPES.includes(type) ? type : UNKNOWN_TYPE)
  );
}

function sniffImage(head: Buffer): string | undefined {
  const text = head.toString('latin1', 0, 12);
  if (text.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (/^GIF8[79]a/.test(text)) return 'image/gif';
  return /^RIFF[^]{4}WEBP/.test(text) ? 'image/webp' : undefined;
}

function sniffContainer(head: Buffer, declared: string): string | undefined {
  const text = head.toString('latin1', 0, 64);
  if (text.slice(4, 8) === 'ftyp') return sniffMp4(text.slice(8, 12), declared);
  if (text.startsWith('\x1aE\xdf\xa3')) return text.includes('webm') ? 'video/webm' : 'video/x-matroska';
  // The first packet of an Ogg stream of Opus (RFC 7845); Vorbis and Theora are no voice messages.
  if (text.startsWith('OggS')) return text.slice(28, 36) === 'OpusHead' ? 'audio/ogg' : 'application/ogg';
  // An ID3 tag, or a frame of MPEG audio: eleven bits of sync and a layer, which AAC's frames leave at 0.
  const [first = 0, second = 0] = head;
  const isFrame = first === 0xff && (second & 0xe0) === 0xe0 && (second & 0x06) !== 0;
  return text.startsWith('ID3') || isFrame ? 'audio/mpeg' : undefined;
}

/** The same container holds films, music and pictures; its brand tells, or leaves it to the sender. */
function sniffMp4(brand: string, declared: string): string {
  if (/^(?:heic|heix|hevc|mif1|msf1|avif|avis)$/.test(brand)) return 'image/heif';
  if (brand === 'qt  ') return 'video/quicktime';
  return /^M4[AB] $/.test(brand) || declared.startsWith('audio/') ? 'audio/mp4' : 'video/mp4';
}

/** The last part of a path, without what no file name should have. */
export function cleanFileName(given: string | undefined): string {
  const name = (given ?? '').split(/[\\/]/).at(-1) ?? '';
  const clean = name
    .replace(/[\p{Cc}"]|\p{Surrogate}/gu, '')
    .trim()
    .slice(0, 200);
  return clean === '' || /^\.+$/.test(clean) ? 'file' : clean;
}

export function largestAssetBytes(kind: MediaKind): number {
  const { photo, sticker, other } = messageLimits.uploadBytes;
  if (kind === 'photo') return photo;
  return kind === 'sticker' ? sticker : other;
}

/** Why a file can't be sent as this kind; undefined when it can. */
export function findMisfit(
  asset: { readonly contentType: string; readonly sizeBytes: number },
  kind: MediaKind,
): string | undefined {
  if (kind !== 'document' && !FORMATS[kind].types.includes(asset.contentType))
    return `This file is no ${FORMATS[kind].name}; send it as a document.`;
  const largest = largestAssetBytes(kind);
  if (asset.sizeBytes <= largest) return undefined;
  const way = largest < messageLimits.uploadBytes.other ? ' or send it as a document' : '';
  return `Telegram takes ${nameOf(kind)}s of up to ${sizeInWords(largest)}; make it smaller${way}.`;
}

/** How people are told of a file that is too large for its kind. */
export const tooLargeInWords = (kind: MediaKind): string =>
  `Telegram takes ${nameOf(kind)}s of up to ${sizeInWords(largestAssetBytes(kind))}.`;

const nameOf = (kind: MediaKind): string => `${kind.replace('_', ' ')} file`;

const sizeInWords = (bytes: number): string =>
  bytes >= 1024 * 1024 ? `${bytes / 1024 / 1024} MB` : `${bytes / 1024} KB`;

/** `Content-Disposition` for any file name (RFC 6266): plain ASCII for old clients, UTF-8 for the others. */
export function attachmentHeader(fileName: string): string {
  const ascii = fileName.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(fileName).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

/** Cuts a stream into pieces of exactly `size` bytes, the last one shorter. */
export async function* cutIntoChunks(
  stream: AsyncIterable<Uint8Array>,
  size: number = CHUNK_BYTES,
): AsyncGenerator<Buffer> {
  let pending: Uint8Array[] = [];
  let length = 0;
  for await (const piece of stream) {
    pending.push(piece);
    length += piece.length;
    if (length < size) continue;
    const joined = Buffer.concat(pending);
    let position = 0;
    for (; length - position >= size; position += size) yield joined.subarray(position, position + size);
    pending = [joined.subarray(position)];
    length -= position;
  }
  if (length > 0) yield Buffer.concat(pending);
}
