import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type TenantId } from '../platform/identity/index.js';
import { type SlotGroup } from './rules/post-slots.rules.js';

export interface PostQueueRow {
  readonly id: string;
  readonly chat_id: string;
  readonly time_zone: string;
  readonly slots: SlotGroup[];
}

const COLUMNS = 'id, chat_id, time_zone, slots';

/** Queues of posts of the tenant that the manager's transaction carries. */
@Injectable()
export class PostQueuesRepository {
  async find(manager: EntityManager, chatId: string): Promise<PostQueueRow | undefined> {
    const [row] = await manager.query<PostQueueRow[]>(
      `SELECT ${COLUMNS} FROM post_queues WHERE tenant_id = current_tenant_id() AND chat_id = $1`,
      [chatId],
    );
    return row;
  }

  /** Until the transaction ends nobody else gives away slots of this queue. */
  async lock(manager: EntityManager, chatId: string): Promise<PostQueueRow | undefined> {
    const [row] = await manager.query<PostQueueRow[]>(
      `SELECT ${COLUMNS} FROM post_queues WHERE tenant_id = current_tenant_id() AND chat_id = $1 FOR UPDATE`,
      [chatId],
    );
    return row;
  }

  /** A chat whose slots nobody has set has a queue without any. */
  async lockOrCreate(
    manager: EntityManager,
    tenantId: TenantId,
    chatId: string,
    timeZone: string,
  ): Promise<PostQueueRow> {
    await manager.query(
      `INSERT INTO post_queues (tenant_id, chat_id, time_zone, slots) VALUES ($1, $2, $3, '[]')
       ON CONFLICT (tenant_id, chat_id) DO NOTHING`,
      [tenantId, chatId, timeZone],
    );
    const queue = await this.lock(manager, chatId);
    if (!queue) throw new Error('A queue was neither made nor there already.');
    return queue;
  }

  async set(
    manager: EntityManager,
    tenantId: TenantId,
    chatId: string,
    { slots, timeZone }: { slots: readonly SlotGroup[]; timeZone: string },
  ): Promise<PostQueueRow> {
    const [row] = await manager.query<PostQueueRow[]>(
      `INSERT INTO post_queues (tenant_id, chat_id, time_zone, slots) VALUES ($1, $2, $3, $4)
       ON CONFLICT (tenant_id, chat_id) DO UPDATE SET time_zone = $3, slots = $4, updated_at = now()
       RETURNING ${COLUMNS}`,
      [tenantId, chatId, timeZone, JSON.stringify(slots)],
    );
    if (!row) throw new Error('INSERT returned no row.');
    return row;
  }
}
