import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type TenantId } from '../platform/identity/index.js';

export interface StackRow {
  readonly id: string;
  readonly schedule_id: string;
  readonly message_id: string;
}

const IN_ORDER = 'ORDER BY position, id';

/**
 * Messages that schedules have waiting, the next one first. Whoever changes a stack holds its schedule, so that nothing
 * is sent twice or passed over.
 */
@Injectable()
export class StacksRepository {
  findAll(manager: EntityManager, scheduleIds: readonly string[]): Promise<StackRow[]> {
    return manager.query<StackRow[]>(
      `SELECT id, schedule_id, message_id FROM stack_messages
        WHERE tenant_id = current_tenant_id() AND schedule_id = ANY ($1::uuid[]) ${IN_ORDER}`,
      [scheduleIds],
    );
  }

  async findNext(manager: EntityManager, scheduleId: string): Promise<StackRow | undefined> {
    const [row] = await manager.query<StackRow[]>(
      `SELECT id, schedule_id, message_id FROM stack_messages
        WHERE tenant_id = current_tenant_id() AND schedule_id = $1 ${IN_ORDER} LIMIT 1`,
      [scheduleId],
    );
    return row;
  }

  /** What was sent goes to the end, or leaves. */
  async step(manager: EntityManager, { id, schedule_id }: StackRow, recycles: boolean): Promise<void> {
    if (!recycles) return this.delete(manager, id);
    await manager.query(
      `UPDATE stack_messages SET position = 1 + (SELECT max(position) FROM stack_messages
          WHERE tenant_id = current_tenant_id() AND schedule_id = $2) WHERE id = $1`,
      [id, schedule_id],
    );
  }

  /** In the order of the list: ahead of those that wait, or behind them. */
  async add(
    manager: EntityManager,
    tenantId: TenantId,
    scheduleId: string,
    messageIds: readonly string[],
    isFirst = false,
  ): Promise<void> {
    await manager.query(
      `INSERT INTO stack_messages (tenant_id, schedule_id, message_id, position)
       SELECT $1, $2, added.message_id, coalesce(CASE WHEN $4 THEN ends.first - cardinality($3::uuid[]) - 1 ELSE ends.last END, 0)
              + added.n
         FROM unnest($3::uuid[]) WITH ORDINALITY AS added (message_id, n),
              (SELECT min(position) AS first, max(position) AS last FROM stack_messages
                WHERE tenant_id = $1 AND schedule_id = $2) AS ends`,
      [tenantId, scheduleId, messageIds, isFirst],
    );
  }

  async reorder(manager: EntityManager, ids: readonly string[]): Promise<void> {
    await manager.query(
      `UPDATE stack_messages s SET position = wanted.n FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, n)
        WHERE s.id = wanted.id`,
      [ids],
    );
  }

  async delete(manager: EntityManager, id: string): Promise<void> {
    await manager.query('DELETE FROM stack_messages WHERE id = $1', [id]);
  }

  async deleteAll(manager: EntityManager, scheduleId: string): Promise<void> {
    await manager.query(
      'DELETE FROM stack_messages WHERE tenant_id = current_tenant_id() AND schedule_id = $1',
      [scheduleId],
    );
  }
}
