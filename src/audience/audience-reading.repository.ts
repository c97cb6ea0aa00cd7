import { Injectable } from '@nestjs/common';
import { type EntityManager, In } from 'typeorm';
import { type ChatCount, ChatCounts } from '../bots/index.js';
import { idBefore } from '../platform/http/index.js';
import { type AudienceCounts } from './audience.dto.js';
import { chatFilterCondition, prefixPattern } from './chat-filter.rules.js';
import { Chat } from './chat.entity.js';
import { type ChatFilter, type ChatQuery, type ContactQuery } from './chats.dto.js';
import { Contact } from './contact.entity.js';

/** The audience as lists and figures. */
@Injectable()
export class AudienceReading extends ChatCounts {
  async listChats(manager: EntityManager, query: ChatQuery): Promise<Chat[]> {
    const ids = await this.findChatIds(manager, query, idBefore(query), query.limit + 1);
    return manager.find(Chat, { where: { id: In(ids) }, order: { id: 'DESC' } });
  }

  /** Ids of chats that fit, newest first. */
  async findChatIds(
    manager: EntityManager,
    filter: ChatFilter,
    before: string,
    limit: number,
  ): Promise<string[]> {
    const condition = chatFilterCondition(filter, 3);
    const rows = await manager.query<{ id: string }[]>(
      `SELECT c.id FROM chats c WHERE c.id < $1 AND ${condition.sql} ORDER BY c.id DESC LIMIT $2`,
      [before, limit, ...condition.parameters],
    );
    return rows.map((row) => row.id);
  }

  findChat(manager: EntityManager, id: string): Promise<Chat | null> {
    return manager.findOneBy(Chat, { id });
  }

  listContacts(manager: EntityManager, query: ContactQuery): Promise<Contact[]> {
    const contacts = manager
      .createQueryBuilder(Contact, 'contact')
      .where('contact.id < :before', { before: idBefore(query) })
      .orderBy('contact.id', 'DESC')
      .take(query.limit + 1);
    if (query.botId !== undefined) contacts.andWhere('contact.botId = :botId', { botId: query.botId });
    if (query.telegramUserId !== undefined) {
      contacts.andWhere('contact.telegramUserId = :number', { number: query.telegramUserId });
    }
    if (query.languageCode !== undefined) {
      contacts.andWhere('contact.languageCode = :code', { code: query.languageCode });
    }
    if (query.search !== undefined) {
      contacts.andWhere(
        `(concat_ws(' ', contact.firstName, contact.lastName) ILIKE :prefix OR contact.username ILIKE :prefix)`,
        { prefix: prefixPattern(query.search) },
      );
    }
    return contacts.getMany();
  }

  findContact(manager: EntityManager, id: string): Promise<Contact | null> {
    return manager.findOneBy(Contact, { id });
  }

  async count(manager: EntityManager): Promise<AudienceCounts['counts']> {
    return manager.query<AudienceCounts['counts']>(
      `SELECT bot_id AS "botId", type, state, count(*)::int AS chats FROM chats
        GROUP BY bot_id, type, state ORDER BY bot_id, type, state`,
    );
  }

  override async countByBot(
    manager: EntityManager,
    botIds: readonly string[],
  ): Promise<ReadonlyMap<string, ChatCount>> {
    const rows = await manager.query<(ChatCount & { botId: string })[]>(
      `SELECT bot_id AS "botId", count(*) FILTER (WHERE state = 'active')::int AS active,
              count(*) FILTER (WHERE state = 'stopped')::int AS stopped,
              count(*) FILTER (WHERE state = 'unreachable')::int AS unreachable
         FROM chats WHERE bot_id = ANY ($1::uuid[]) GROUP BY bot_id`,
      [botIds],
    );
    return new Map(rows.map(({ botId, ...count }) => [botId, count]));
  }
}
