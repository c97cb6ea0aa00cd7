import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Repeater } from '../../platform/clock/index.js';
import { TenantDatabase } from '../../platform/database/index.js';
import {
  type ClaimedExport,
  ExportsRepository,
  MOST_ATTEMPTS,
  SupersededError,
} from './exports.repository.js';
import { TenantArchive } from './tenant-archive.js';

const LOOK_EVERY_MS = 2_000;
const CHUNK_BYTES = 1024 * 1024;

/** Builds archives one after the other, chunk by chunk into the database, where every process can serve them. */
@Injectable()
export class ExportBuilder implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ExportBuilder.name);
  private readonly looking = new Repeater(LOOK_EVERY_MS, () => this.look(), this.logger);
  private isStopping = false;

  constructor(
    private readonly exports: ExportsRepository,
    private readonly archive: TenantArchive,
    private readonly database: TenantDatabase,
  ) {}

  onApplicationBootstrap(): void {
    this.looking.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopping = true;
    await this.looking.stop();
  }

  private async look(): Promise<void> {
    while (!this.isStopping) {
      const claimed = await this.exports.claim();
      if (!claimed) return;
      await this.build(claimed);
    }
  }

  private async build(claimed: ClaimedExport): Promise<void> {
    const { id, tenantId, attempts } = claimed;
    try {
      await this.database.run(tenantId, (manager) => this.exports.clear(manager, claimed));
      let n = 0;
      let sizeBytes = 0;
      for await (const chunk of cut(this.archive.build(tenantId))) {
        if (this.isStopping) throw new Error('the process stops; another one goes on');
        const position = n++;
        sizeBytes += chunk.length;
        await this.database.run(tenantId, (manager) =>
          this.exports.insertChunk(manager, claimed, position, chunk),
        );
      }
      await this.database.run(tenantId, (manager) => this.exports.markReady(manager, claimed, sizeBytes));
    } catch (error) {
      this.logger.warn(`export ${id}: ${String(error)}`);
      if (error instanceof SupersededError) return;
      const isGivenUp = attempts >= MOST_ATTEMPTS && !this.isStopping;
      await this.database.run(tenantId, (manager) => this.exports.markFailed(manager, claimed, isGivenUp));
    }
  }
}

/** The same bytes in chunks of one size, the last one shorter. */
async function* cut(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    waiting.push(piece);
    bytes += piece.length;
    if (bytes < CHUNK_BYTES) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}
