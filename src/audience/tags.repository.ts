import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { idBefore, type PageQuery } from '../platform/http/index.js';
import { type TenantId } from '../platform/identity/index.js';

export interface TagRow {
  readonly id: string;
  readonly name: string;
  readonly chats: number;
  readonly createdAt: Date;
}

const TAG = `t.id, t.name, t.created_at AS "createdAt",
  (SELECT count(*)::int FROM chat_tags ct WHERE ct.tag_id = t.id) AS chats`;

/** Tags and which chats have them, inside the tenant's unit of work. */
@Injectable()
export class TagsRepository {
  /** @returns whether it is new */
  async create(manager: EntityManager, tenantId: TenantId, name: string): Promise<boolean> {
    const rows = await manager.query<unknown[]>(
      'INSERT INTO tags (tenant_id, name) VALUES ($1, $2) ON CONFLICT (tenant_id, name) DO NOTHING RETURNING id',
      [tenantId, name],
    );
    return rows.length > 0;
  }

  async find(manager: EntityManager, name: string): Promise<TagRow | undefined> {
    const rows = await manager.query<TagRow[]>(`SELECT ${TAG} FROM tags t WHERE t.name = $1`, [name]);
    return rows[0];
  }

  list(manager: EntityManager, query: PageQuery): Promise<TagRow[]> {
    return manager.query<TagRow[]>(`SELECT ${TAG} FROM tags t WHERE t.id < $1 ORDER BY t.id DESC LIMIT $2`, [
      idBefore(query),
      query.limit + 1,
    ]);
  }

  /** @returns whether there was one */
  async delete(manager: EntityManager, name: string): Promise<boolean> {
    const [, count] = await manager.query<[unknown[], number]>('DELETE FROM tags WHERE name = $1', [name]);
    return count > 0;
  }

  /** @returns how many chats have the tag now that didn't before */
  async tag(manager: EntityManager, name: string, chatIds: readonly string[]): Promise<number> {
    const rows = await manager.query<unknown[]>(
      // What is deleted meanwhile is left out, and two that tag the same chats meet them in the same order.
      `WITH tag AS (SELECT tenant_id, id FROM tags WHERE name = $1 FOR KEY SHARE),
         chat AS (SELECT id FROM chats WHERE id = ANY ($2::uuid[]) ORDER BY id FOR KEY SHARE)
       INSERT INTO chat_tags (tenant_id, tag_id, chat_id) SELECT tag.tenant_id, tag.id, chat.id FROM tag, chat
       ON CONFLICT DO NOTHING RETURNING chat_id`,
      [name, chatIds],
    );
    return rows.length;
  }

  async untag(manager: EntityManager, name: string, chatId: string): Promise<void> {
    await manager.query(
      'DELETE FROM chat_tags USING tags t WHERE t.id = chat_tags.tag_id AND t.name = $1 AND chat_tags.chat_id = $2',
      [name, chatId],
    );
  }

  /** Names of the tags that each chat has, in alphabetical order. */
  async findTagNames(
    manager: EntityManager,
    chatIds: readonly string[],
  ): Promise<ReadonlyMap<string, string[]>> {
    const rows = await manager.query<{ id: string; names: string[] }[]>(
      `SELECT ct.chat_id AS id, array_agg(t.name ORDER BY t.name) AS names
         FROM chat_tags ct JOIN tags t ON t.id = ct.tag_id WHERE ct.chat_id = ANY ($1::uuid[]) GROUP BY 1`,
      [chatIds],
    );
    return new Map(rows.map((row) => [row.id, row.names]));
  }
}
