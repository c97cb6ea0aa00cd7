import { createHash, randomBytes } from 'node:crypto';

import { type UploadedFile } from '../wire/parameters.rules.js';
import { type Sharer, type SharedRoom } from './shared-room.js';

/** A file as one bot knows it: its `file_id` is worth nothing to another bot. */
export interface ShelvedFile {
  fileId: string;
  fileUniqueId: string;
  botId: number;
  kind: string;
  name: string;
  contentType: string;
  sizeBytes: number;
  /** Undefined once it had to make room; empty for files named by URL, which are never fetched. */
  content: Buffer | undefined;
}

// What a file costs besides its content: its object and its places.
const frameBytes = 512;
const mostFiles = 100_000;

/**
 * Files that the bots of a workspace uploaded, in memory, in a room that it shares with the others: its oldest contents go
 * first, their identifiers stay.
 */
export class FileShelf implements Sharer {
  private readonly files = new Map<string, ShelvedFile>();
  private readonly filled = new Set<ShelvedFile>();
  private readonly idsByAddress = new Map<string, string>();
  private bytes = 0;

  constructor(private readonly room: SharedRoom) {}

  get held(): number {
    return this.bytes;
  }

  addUpload(botId: number, kind: string, file: UploadedFile): ShelvedFile {
    const uniqueId = createHash('sha256').update(file.content).digest('base64url').slice(0, 16);
    return this.add({
      fileId: mintFileId(),
      fileUniqueId: uniqueId,
      botId,
      kind,
      name: file.name,
      contentType: file.contentType,
      sizeBytes: file.content.length,
      content: file.content,
    });
  }

  /** A stand-in for what an address would give: the sandbox fetches nothing for anybody. */
  addAddress(botId: number, kind: string, url: URL): ShelvedFile {
    const address = `${botId} ${kind} ${url.href}`;
    const known = this.files.get(this.idsByAddress.get(address) ?? '');
    if (known) return known;
    const file = this.add({
      fileId: mintFileId(),
      fileUniqueId: createHash('sha256').update(address).digest('base64url').slice(0, 16),
      botId,
      kind,
      name: decodeURIComponentSafely(url.pathname.split('/').at(-1) ?? '') || 'file',
      contentType: 'application/octet-stream',
      sizeBytes: 0,
      content: Buffer.alloc(0),
    });
    this.idsByAddress.set(address, file.fileId);
    if (this.idsByAddress.size > mostFiles) forgetOldest(this.idsByAddress);
    return file;
  }

  find(botId: number, fileId: string): ShelvedFile | undefined {
    const file = this.files.get(fileId);
    return file?.botId === botId ? file : undefined;
  }

  giveWay(): void {
    const [oldest] = this.filled;
    if (oldest) {
      this.filled.delete(oldest);
      this.release(oldest.content?.length ?? 0);
      oldest.content = undefined;
      return;
    }
    const [first] = this.files.values();
    if (first) this.remove(first);
  }

  clear(): void {
    this.room.leave(this);
    this.files.clear();
    this.filled.clear();
    this.idsByAddress.clear();
    this.bytes = 0;
  }

  private add(file: ShelvedFile): ShelvedFile {
    this.files.set(file.fileId, file);
    const contentBytes = file.content?.length ?? 0;
    if (contentBytes > 0) this.filled.add(file);
    if (this.files.size > mostFiles) {
      const [oldest] = this.files.values();
      if (oldest) this.remove(oldest);
    }
    this.bytes += frameBytes + contentBytes;
    this.room.take(this, frameBytes + contentBytes);
    return file;
  }

  private remove(file: ShelvedFile): void {
    this.files.delete(file.fileId);
    const wasFilled = this.filled.delete(file);
    this.release(frameBytes + (wasFilled ? (file.content?.length ?? 0) : 0));
  }

  private release(bytes: number): void {
    this.bytes -= bytes;
    this.room.release(bytes);
  }
}

function mintFileId(): string {
  return `SB${randomBytes(36).toString('base64url')}`;
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A name with a broken escape is still a name.
  }
}

function forgetOldest(map: Map<string, unknown>): void {
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
