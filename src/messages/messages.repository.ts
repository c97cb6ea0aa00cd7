import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type TenantId } from '../platform/identity/index.js';
import { type MessageContent } from './message-content.dto.js';

export interface MessageRow {
  readonly id: string;
  readonly content: MessageContent;
  readonly created_at: Date;
  readonly archived_at: Date | null;
}

const COLUMNS = 'id, content, created_at, archived_at';

/** Messages of the tenant that the manager's transaction carries. */
@Injectable()
export class MessagesRepository {
  async insert(manager: EntityManager, tenantId: TenantId, content: MessageContent): Promise<MessageRow> {
    const [row] = await manager.query<MessageRow[]>(
      `INSERT INTO messages (tenant_id, content) VALUES ($1, $2) RETURNING ${COLUMNS}`,
      [tenantId, JSON.stringify(content)],
    );
    if (!row) throw new Error('INSERT returned no row.');
    return row;
  }

  async findById(manager: EntityManager, id: string): Promise<MessageRow | undefined> {
    const [row] = await manager.query<MessageRow[]>(`SELECT ${COLUMNS} FROM messages WHERE id = $1`, [id]);
    return row;
  }

  /** Holds the row until the transaction ends, so that nobody archives what somebody begins to use. */
  async lockById(
    manager: EntityManager,
    id: string,
    strength: 'SHARE' | 'UPDATE',
  ): Promise<MessageRow | undefined> {
    const [row] = await manager.query<MessageRow[]>(
      `SELECT ${COLUMNS} FROM messages WHERE id = $1 FOR ${strength}`,
      [id],
    );
    return row;
  }

  findPage(manager: EntityManager, before: string, limit: number): Promise<MessageRow[]> {
    return manager.query<MessageRow[]>(
      `SELECT ${COLUMNS} FROM messages WHERE id < $1 AND archived_at IS NULL ORDER BY id DESC LIMIT $2`,
      [before, limit],
    );
  }

  async archive(manager: EntityManager, id: string): Promise<void> {
    await manager.query('UPDATE messages SET archived_at = coalesce(archived_at, now()) WHERE id = $1', [id]);
  }

  /** Archived messages don't count: nothing sends them any more. */
  async isAssetUsed(manager: EntityManager, assetId: string): Promise<boolean> {
    const rows: unknown[] = await manager.query(
      `SELECT FROM messages WHERE archived_at IS NULL AND content->>'assetId' = $1 LIMIT 1`,
      [assetId],
    );
    return rows.length > 0;
  }
}
