import { createHash } from 'node:crypto';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { sha256 } from '../platform/crypto/index.js';
import { TenantDatabase } from '../platform/database/index.js';
import { conflict, invalidField, notFound, ProblemError } from '../platform/errors/index.js';
import {
  idBefore,
  IdempotencyService,
  type IdempotentRequest,
  type Page,
  pageOf,
  type PageQuery,
} from '../platform/http/index.js';
import { type Caller, type TenantId } from '../platform/identity/index.js';
import { type MediaKind } from '../telegram/index.js';
import { Quotas } from '../tenants/index.js';
import {
  cleanFileName,
  cutIntoChunks,
  detectContentType,
  findMisfit,
  largestAssetBytes,
  tooLargeInWords,
} from './asset.rules.js';
import { type AssetView } from './asset.dto.js';
import { type AssetRow, AssetsRepository } from './assets.repository.js';
import { MessagesRepository } from './messages.repository.js';

/** A file as it arrives. */
export interface IncomingFile {
  readonly fileName: string | undefined;
  readonly contentType: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The tenant's files. They pass through in chunks: none is whole in memory, no transaction is open between chunks. */
@Injectable()
export class AssetService implements OnModuleInit {
  private readonly logger = new Logger(AssetService.name);

  constructor(
    private readonly database: TenantDatabase,
    private readonly idempotency: IdempotencyService,
    private readonly assets: AssetsRepository,
    private readonly messages: MessagesRepository,
    private readonly quotas: Quotas,
  ) {}

  onModuleInit(): void {
    this.quotas.register('mediaBytes', (manager) => this.assets.sumBytes(manager));
  }

  /**
   * Stores a file; it can be seen once it is whole, and what didn't get there leaves nothing behind.
   * @throws ProblemError 402 beyond what the plan allows, 413 beyond what Telegram takes, 400 for an empty file or one that is no photo
   */
  async upload(
    caller: Caller,
    idempotent: IdempotentRequest,
    file: IncomingFile,
    kind: MediaKind,
  ): Promise<AssetView> {
    const { tenantId } = caller;
    const id = await this.database.run(tenantId, async (manager) => {
      // Nothing of a file is read where there is room for none.
      await this.quotas.assertRoom(manager, tenantId, 'mediaBytes');
      return this.assets.insertUploading(manager, tenantId, cleanFileName(file.fileName));
    });
    try {
      const facts = await this.storeChunks(tenantId, id, file, kind);
      const asset = await this.idempotency.run(
        caller,
        // The same key with another file is another request.
        { ...idempotent, fingerprint: sha256(Buffer.concat([idempotent.fingerprint, facts.sha256])) },
        async (manager) => toView(await this.assets.markReady(manager, id, facts)),
      );
      // The key was used before: the first upload's answer came back, and this copy isn't needed.
      if (asset.id !== id) await this.discard(tenantId, id);
      return asset;
    } catch (error) {
      await this.discard(tenantId, id);
      throw error;
    }
  }

  async findPage(caller: Caller, query: PageQuery): Promise<Page<AssetView>> {
    const before = idBefore(query);
    const rows = await this.database.run(caller.tenantId, (manager) =>
      this.assets.findPage(manager, before, query.limit + 1),
    );
    return pageOf(rows, query, toView);
  }

  async findById(caller: Caller, id: string): Promise<AssetView> {
    const row = await this.database.run(caller.tenantId, (manager) => this.assets.findReady(manager, id));
    if (!row) throw notFound('file');
    return toView(row);
  }

  /** The file's bytes, each chunk read in a transaction of its own. */
  async *read(caller: Caller, id: string): AsyncGenerator<Buffer> {
    for (let n = 0; ; n++) {
      const chunk = await this.database.run(caller.tenantId, (manager) =>
        this.assets.findChunk(manager, id, n),
      );
      if (!chunk) return;
      yield chunk;
    }
  }

  async delete(caller: Caller, id: string): Promise<void> {
    await this.database.run(caller.tenantId, async (manager) => {
      if (!(await this.assets.lockReady(manager, id, 'UPDATE'))) throw notFound('file');
      if (await this.messages.isAssetUsed(manager, id))
        throw conflict('asset_in_use', 'A message uses this file; archive the message first.');
      await this.assets.delete(manager, id);
    });
  }

  /** @throws ProblemError 400 when the file is absent, foreign, or can't be sent as this kind */
  async assertFits(manager: EntityManager, id: string, kind: MediaKind, field: string): Promise<void> {
    const row = await this.assets.lockReady(manager, id, 'SHARE');
    if (!row) throw invalidField(field, 'unknown_asset', 'There is no such file; upload it to /assets.');
    const misfit = findMisfit(toView(row), kind);
    if (misfit) throw invalidField(field, 'unfit_asset', misfit);
  }

  private async storeChunks(tenantId: TenantId, id: string, file: IncomingFile, kind: MediaKind) {
    const largest = largestAssetBytes(kind);
    const hash = createHash('sha256');
    let head: Buffer = Buffer.alloc(0);
    let sizeBytes = 0;
    let n = 0;
    for await (const chunk of cutIntoChunks(file.bytes)) {
      if (n === 0) head = chunk.subarray(0, 64);
      sizeBytes += chunk.length;
      if (sizeBytes > largest) throw tooLarge(kind);
      hash.update(chunk);
      const position = n++;
      await this.database.run(tenantId, async (manager) => {
        await this.quotas.assertRoom(manager, tenantId, 'mediaBytes', chunk.length);
        await this.assets.insertChunk(manager, tenantId, id, position, chunk);
      });
    }
    if (sizeBytes === 0)
      throw invalidField('file', 'empty_file', 'The file is empty, which Telegram refuses.');
    const contentType = detectContentType(head, file.contentType);
    const misfit = findMisfit({ contentType, sizeBytes }, kind);
    if (misfit) throw invalidField('file', 'unfit_asset', misfit);
    return { contentType, sizeBytes, sha256: hash.digest() };
  }

  private async discard(tenantId: TenantId, id: string): Promise<void> {
    try {
      await this.database.run(tenantId, (manager) => this.assets.delete(manager, id));
    } catch (error) {
      // Nobody can see it, and the sweep takes it within the hour.
      this.logger.warn(`an unfinished upload stays for the sweep: ${String(error)}`);
    }
  }
}

export const tooLarge = (kind: MediaKind): ProblemError =>
  new ProblemError(413, 'file_too_large', tooLargeInWords(kind));

const toView = (row: AssetRow): AssetView => ({
  id: row.id,
  fileName: row.file_name,
  contentType: row.content_type,
  sizeBytes: Number(row.size_bytes),
  sha256: row.sha256.toString('hex'),
  createdAt: row.created_at.toISOString(),
});
