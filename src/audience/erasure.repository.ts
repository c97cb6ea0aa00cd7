import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type ForgottenPerson } from './person-traces.js';

type KnownPerson = Pick<ForgottenPerson, 'contactId' | 'botId' | 'botNo' | 'telegramUserId' | 'chatNos'> & {
  readonly chatIds: readonly string[];
};

/** Finds and deletes people, inside the tenant's unit of work. */
@Injectable()
export class ErasureRepository {
  /**
   * The person behind a contact, as each of the tenant's bots knows them: numbers of people are one Bot API's, so bots
   * of the sandbox and live ones know different people.
   */
  async findPerson(manager: EntityManager, contactId: string): Promise<KnownPerson[]> {
    return manager.query<KnownPerson[]>(
      `SELECT contact.id AS "contactId", bot.id AS "botId", bot.no::text AS "botNo",
         contact.telegram_user_id::text AS "telegramUserId",
         ARRAY(SELECT chat.no::text FROM chats chat WHERE ${THEIR_CHAT}) AS "chatNos",
         ARRAY(SELECT chat.id::text FROM chats chat WHERE ${THEIR_CHAT}) AS "chatIds"
       FROM contacts known
       JOIN bots known_bot ON known_bot.id = known.bot_id
       JOIN bots bot ON bot.tenant_id = known_bot.tenant_id AND bot.api_root = known_bot.api_root
       JOIN contacts contact ON contact.bot_id = bot.id AND contact.telegram_user_id = known.telegram_user_id
       WHERE known.id = $1 ORDER BY bot.no`,
      [contactId],
    );
  }

  /** Their tags go with their chats. */
  async delete(manager: EntityManager, person: KnownPerson): Promise<void> {
    await manager.query('DELETE FROM chats WHERE no = ANY ($1::bigint[])', [person.chatNos]);
    await manager.query('DELETE FROM contacts WHERE id = $1', [person.contactId]);
  }
}

/** A private chat's number is its person's. */
const THEIR_CHAT = `chat.bot_no = bot.no AND chat.type = 'private'
  AND (chat.telegram_chat_id = contact.telegram_user_id OR chat.contact_id = contact.id)`;
