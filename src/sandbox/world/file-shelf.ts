import { createHash, randomBytes } from 'node:crypto';

import { type UploadedFile } from '../wire/parameters.rules.js';

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

// Enough for tests with a few large videos; beyond it the oldest contents go, their identifiers stay.
const mostBytes = 256 * 1024 * 1024;
const mostFiles = 100_000;

/** Files that bots uploaded, in memory, bounded in number and bytes. */
export class FileShelf {
  private readonly files = new Map<string, ShelvedFile>();
  private readonly idsByAddress = new Map<string, string>();
  private bytes = 0;

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

  forgetBot(botId: number): void {
    for (const file of this.files.values()) if (file.botId === botId) this.remove(file);
  }

  private add(file: ShelvedFile): ShelvedFile {
    this.files.set(file.fileId, file);
    this.bytes += file.content?.length ?? 0;
    this.makeRoom(file);
    return file;
  }

  private makeRoom(newest: ShelvedFile): void {
    if (this.files.size > mostFiles) {
      const [oldest] = this.files.values();
      if (oldest) this.remove(oldest);
    }
    if (this.bytes <= mostBytes) return;
    for (const file of this.files.values()) {
      if (this.bytes <= mostBytes || file === newest) return;
      this.bytes -= file.content?.length ?? 0;
      file.content = undefined;
    }
  }

  private remove(file: ShelvedFile): void {
    this.bytes -= file.content?.length ?? 0;
    this.files.delete(file.fileId);
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
