import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { ZipFile } from 'yazl';
import { TenantDatabase } from '../../platform/database/index.js';
import { type TenantId } from '../../platform/identity/index.js';
import { EXPORTED_TABLES, type ExportedTable } from './exported-tables.js';

/** Rows read in one transaction. */
const PAGE = 1_000;

/**
 * A tenant's data as a zip: a file of JSON lines for each table, and the files themselves. Nothing is whole in memory,
 * and no transaction is open between two pages; what changes meanwhile is in it or not.
 */
@Injectable()
export class TenantArchive {
  constructor(private readonly database: TenantDatabase) {}

  /** The bytes of the archive, as they come. */
  async *build(tenantId: TenantId): AsyncGenerator<Buffer> {
    const zip = new ZipFile();
    const failure = new Promise<never>((_, reject) => zip.once('error', reject));
    // Its rejection is heard below; without a listener of its own it would end the process.
    failure.catch(() => undefined);
    const add = (path: string, content: AsyncIterable<Buffer | string>): void =>
      zip.addReadStreamLazy(path, (give) => {
        const stream = Readable.from(content, { objectMode: false });
        stream.once('error', (error) => zip.emit('error', error));
        give(null, stream);
      });
    for (const table of EXPORTED_TABLES) add(`${table.name}.ndjson`, this.lines(tenantId, table));
    for await (const assetId of this.assetIds(tenantId))
      add(`files/${assetId}`, this.bytes(tenantId, assetId));
    zip.end();
    const pieces = (zip.outputStream as Readable)[Symbol.asyncIterator]();
    for (;;) {
      const piece = (await Promise.race([pieces.next(), failure])) as IteratorResult<Buffer>;
      if (piece.done) return;
      yield piece.value;
    }
  }

  private async *lines(tenantId: TenantId, table: ExportedTable): AsyncGenerator<string> {
    for await (const rows of this.pages(tenantId, table)) yield rows.map((row) => `${row}\n`).join('');
  }

  private async *assetIds(tenantId: TenantId): AsyncGenerator<string> {
    const assets = EXPORTED_TABLES.find(({ name }) => name === 'assets');
    if (!assets) throw new Error('Files are exported by their table.');
    for await (const rows of this.pages(tenantId, assets)) {
      for (const row of rows) yield (JSON.parse(row) as { id: string }).id;
    }
  }

  private async *bytes(tenantId: TenantId, assetId: string): AsyncGenerator<Buffer> {
    for (let n = 0; ; n++) {
      const [chunk] = await this.database.run(tenantId, (manager) =>
        manager.query<{ bytes: Buffer }[]>('SELECT bytes FROM asset_chunks WHERE asset_id = $1 AND n = $2', [
          assetId,
          n,
        ]),
      );
      if (!chunk) return;
      yield chunk.bytes;
    }
  }

  /** Rows as JSON, page after page by their key. */
  private async *pages(tenantId: TenantId, table: ExportedTable): AsyncGenerator<string[]> {
    const keys = table.key.map(([column]) => `t.${column}`);
    const after = table.key.map(([, type], index) => `$${index + 1}::text::${type}`);
    const columns = table.columns.map((column) => `t.${column}`).join(', ');
    let last: string[] | undefined;
    for (;;) {
      const rows: { row: string; key: string[] }[] = await this.database.run(tenantId, (manager) =>
        manager.query(
          `SELECT (SELECT row_to_json(shown)::text FROM (SELECT ${columns}) AS shown) AS row,
             ARRAY[${keys.map((key) => `${key}::text`).join(', ')}] AS key
           FROM ${table.name} t ${last ? `WHERE (${keys.join(', ')}) > (${after.join(', ')})` : ''}
           ORDER BY ${keys.join(', ')} LIMIT ${PAGE}`,
          last ?? [],
        ),
      );
      if (rows.length > 0) yield rows.map(({ row }) => row);
      if (rows.length < PAGE) return;
      last = rows.at(-1)?.key;
    }
  }
}
