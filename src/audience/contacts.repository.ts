import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type ConnectedBot } from '../bots/index.js';
import { type User } from '../telegram/index.js';
import { Outbox } from '../webhooks/index.js';

/** People as bots meet them, inside the tenant's unit of work. */
@Injectable()
export class ContactsRepository {
  constructor(private readonly outbox: Outbox) {}

  /** Remembers a person under the present name. @returns the contact's id */
  async meet(manager: EntityManager, bot: ConnectedBot, user: User): Promise<string> {
    const rows = await manager.query<{ id: string; isNew: boolean }[]>(
      `INSERT INTO contacts AS c (tenant_id, bot_id, telegram_user_id, first_name, last_name, username, language_code)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (bot_id, telegram_user_id) DO UPDATE SET
         first_name = EXCLUDED.first_name, last_name = EXCLUDED.last_name, username = EXCLUDED.username,
         language_code = coalesce(EXCLUDED.language_code, c.language_code), last_seen_at = now()
       RETURNING id, xmax = 0 AS "isNew"`,
      [
        bot.tenantId,
        bot.botId,
        user.id,
        user.first_name,
        user.last_name ?? null,
        user.username ?? null,
        user.language_code ?? null,
      ],
    );
    const [contact] = rows;
    if (!contact) throw new Error('An upsert of a contact returned no row.');
    if (contact.isNew) {
      await this.outbox.announce(manager, bot.tenantId, {
        event: 'contact.created',
        contactId: contact.id,
        data: {
          contactId: contact.id,
          botId: bot.botId,
          telegramUserId: user.id,
          firstName: user.first_name,
          lastName: user.last_name ?? null,
          username: user.username ?? null,
          languageCode: user.language_code ?? null,
        },
      });
    }
    return contact.id;
  }
}
