import { messageLimits } from '../telegram/index.js';

export type AssetKind = 'photo' | 'document';

/** Large enough that a file of 50 MB is 200 rows, small enough that nobody notices one in memory. */
export const CHUNK_BYTES = 256 * 1024;

const PHOTO_SIGNATURES: readonly (readonly [contentType: string, matches: (head: Buffer) => boolean])[] = [
  ['image/jpeg', (head) => head.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))],
  ['image/png', (head) => head.subarray(0, 8).equals(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'))],
  ['image/gif', (head) => /^GIF8[79]a/.test(head.toString('latin1', 0, 6))],
  ['image/webp', (head) => /^RIFF[^]{4}WEBP/.test(head.toString('latin1', 0, 12))],
];
const PHOTO_TYPES: readonly string[] = PHOTO_SIGNATURES.map(([contentType]) => contentType);
const CONTENT_TYPE = /^[a-z0-9][a-z0-9.+-]{0,63}\/[a-z0-9][a-z0-9.+-]{0,99}$/;
const UNKNOWN_TYPE = 'application/octet-stream';

/** What a file is: by its first bytes where they tell, else what the sender says, but never a photo that isn't one. */
export function detectContentType(head: Buffer, declared: string): string {
  const photo = PHOTO_SIGNATURES.find(([, matches]) => matches(head));
  if (photo) return photo[0];
  const type = declared.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return CONTENT_TYPE.test(type) && !PHOTO_TYPES.includes(type) ? type : UNKNOWN_TYPE;
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

export const largestAssetBytes = (kind: AssetKind): number =>
  kind === 'photo' ? messageLimits.uploadBytes.photo : messageLimits.uploadBytes.other;

/** Why a file can't be sent as this kind; undefined when it can. */
export function findMisfit(
  asset: { readonly contentType: string; readonly sizeBytes: number },
  kind: AssetKind,
): string | undefined {
  if (kind === 'photo' && !PHOTO_TYPES.includes(asset.contentType))
    return 'This file is no JPEG, PNG, GIF or WebP image; send it as a document.';
  const largest = largestAssetBytes(kind);
  if (asset.sizeBytes > largest)
    return `Telegram takes a ${kind} of up to ${largest / 1024 / 1024} MB; make it smaller${kind === 'photo' ? ' or send it as a document' : ''}.`;
  return undefined;
}

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
