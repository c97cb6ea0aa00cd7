import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type BotZones } from './audience-zones.rules.js';
import { type TimeZoneSource } from './local-time.rules.js';
import { type StatementRunner } from './statement-runner.js';

export interface TenantBotZones extends BotZones {
  readonly tenantId: string;
}

/** What a chat without a zone of its own has. */
export interface InheritedZone {
  readonly botId: string;
  readonly timeZone: string;
  readonly source: 'bot' | 'tenant';
}

/** A chat's own zone; null to let it inherit again. */
export interface ChatZone {
  readonly chatId: string;
  readonly timeZone: string | null;
}

/** In which zones bots and chats live. */
@Injectable()
export class TimeZonesRepository {
  /**
   * The zones of the connected bots of these tenants. It leaps from zone to zone in an index, so many chats cost no more
   * than few. Any login may run it; the tenant's own sees its tenant alone.
   */
  async findOfBots(runner: StatementRunner, tenantIds: readonly string[]): Promise<TenantBotZones[]> {
    const found = await runner.query(
      `SELECT b.tenant_id AS "tenantId", b.id AS "botId", coalesce(b.time_zone, t.time_zone) AS "timeZone",
         ARRAY(WITH RECURSIVE zone (name) AS (
             (SELECT c.time_zone FROM chats c
               WHERE c.tenant_id = b.tenant_id AND c.bot_id = b.id AND c.time_zone IS NOT NULL
               ORDER BY c.time_zone LIMIT 1)
           UNION ALL
             SELECT (SELECT c.time_zone FROM chats c
               WHERE c.tenant_id = b.tenant_id AND c.bot_id = b.id AND c.time_zone > zone.name
               ORDER BY c.time_zone LIMIT 1) FROM zone WHERE zone.name IS NOT NULL
         ) SELECT name FROM zone WHERE name IS NOT NULL) AS "ofChats"
       FROM bots b JOIN tenants t ON t.id = b.tenant_id
       WHERE b.tenant_id = ANY ($1::uuid[]) AND b.state <> 'disconnected'`,
      [[...tenantIds]],
    );
    return rowsOf(found);
  }

  findInherited(manager: EntityManager, botIds: readonly string[]): Promise<InheritedZone[]> {
    return manager.query<InheritedZone[]>(
      `SELECT b.id AS "botId", coalesce(b.time_zone, t.time_zone) AS "timeZone",
         CASE WHEN b.time_zone IS NULL THEN 'tenant' ELSE 'bot' END AS source
       FROM bots b JOIN tenants t ON t.id = b.tenant_id WHERE b.id = ANY ($1::uuid[])`,
      [[...new Set(botIds)]],
    );
  }

  /** @returns whether a bot has a chat in a zone now in which it had none of its own */
  async setOfChats(
    manager: EntityManager,
    zones: readonly ChatZone[],
    source: TimeZoneSource,
  ): Promise<boolean> {
    const [row] = await manager.query<{ isNew: boolean }[]>(
      `WITH given AS MATERIALIZED (
         SELECT c.id, c.tenant_id, c.bot_id, zone.name FROM unnest($1::uuid[], $2::text[]) AS zone (chat_id, name)
           JOIN chats c ON c.id = zone.chat_id ORDER BY c.id FOR NO KEY UPDATE OF c
       ), found AS MATERIALIZED (
         SELECT EXISTS (SELECT FROM given g WHERE NOT EXISTS (SELECT FROM chats c
           WHERE c.tenant_id = g.tenant_id AND c.bot_id = g.bot_id AND c.time_zone = g.name)) AS is_new
       ), changed AS (
         UPDATE chats c SET time_zone = given.name, time_zone_source = CASE WHEN given.name IS NOT NULL THEN $3::text END
           FROM given WHERE c.id = given.id
       ) SELECT is_new AS "isNew" FROM found`,
      [zones.map(({ chatId }) => chatId), zones.map(({ timeZone }) => timeZone), source],
    );
    return row?.isNew ?? false;
  }

  async findChatId(
    manager: EntityManager,
    botNo: string,
    telegramChatId: number,
  ): Promise<string | undefined> {
    const [row] = await manager.query<{ id: string }[]>(
      'SELECT id FROM chats WHERE bot_no = $1 AND telegram_chat_id = $2',
      [botNo, telegramChatId],
    );
    return row?.id;
  }
}

/** A tenant's manager gives rows, a dispatcher's client a result that has them. */
function rowsOf(found: unknown): TenantBotZones[] {
  return Array.isArray(found)
    ? (found as TenantBotZones[])
    : (found as { readonly rows: TenantBotZones[] }).rows;
}
