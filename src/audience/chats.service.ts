import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { Configuration } from '../config/index.js';
import { TenantDatabase } from '../platform/database/index.js';
import { conflict, notFound, ProblemError } from '../platform/errors/index.js';
import {
  IdempotencyService,
  type IdempotentRequest,
  idBefore,
  type Page,
  pageOf,
  type PageQuery,
} from '../platform/http/index.js';
import { type Caller } from '../platform/identity/index.js';
import { messagesPerStar, paidPerSecond } from '../telegram/index.js';
import { AudienceReading } from './audience-reading.repository.js';
import { type Audience, type AudienceCounts, type AudienceSize } from './audience.dto.js';
import { AudienceService } from './audience.service.js';
import { type Chat } from './chat.entity.js';
import {
  type ChatQuery,
  type ChatView,
  type ContactQuery,
  type ContactView,
  type ImportedTimeZones,
  type ImportTimeZones,
  LARGEST_TAGGING,
  type TagChats,
  type Tagged,
  type TagView,
} from './chats.dto.js';
import { type Contact } from './contact.entity.js';
import { estimateSendingSeconds } from './sending-time.rules.js';
import { type TagRow, TagsRepository } from './tags.repository.js';
import { type InheritedZone, TimeZonesRepository } from './time-zones.repository.js';

/** The audience as a member of the tenant sees and tags it. */
@Injectable()
export class ChatsService {
  constructor(
    private readonly database: TenantDatabase,
    private readonly idempotency: IdempotencyService,
    private readonly reading: AudienceReading,
    private readonly tags: TagsRepository,
    private readonly audience: AudienceService,
    private readonly configuration: Configuration,
    private readonly timeZones: TimeZonesRepository,
  ) {}

  async list(caller: Caller, query: ChatQuery): Promise<Page<ChatView>> {
    return this.database.run(caller.tenantId, async (manager) => {
      const chats = await this.reading.listChats(manager, query);
      const tags = await this.tags.findTagNames(
        manager,
        chats.map((chat) => chat.id),
      );
      const zones = await this.inheritedZones(manager, chats);
      return pageOf(chats, query, (chat) => viewChat(chat, zones.get(chat.botId), tags.get(chat.id)));
    });
  }

  async read(caller: Caller, id: string): Promise<ChatView> {
    return this.database.run(caller.tenantId, (manager) => this.show(manager, id));
  }

  async listContacts(caller: Caller, query: ContactQuery): Promise<Page<ContactView>> {
    return this.database.run(caller.tenantId, async (manager) =>
      pageOf(await this.reading.listContacts(manager, query), query, viewContact),
    );
  }

  async readContact(caller: Caller, id: string): Promise<ContactView> {
    const contact = await this.database.run(caller.tenantId, (manager) =>
      this.reading.findContact(manager, id),
    );
    if (!contact) throw notFound('contact');
    return viewContact(contact);
  }

  async count(caller: Caller): Promise<AudienceCounts> {
    const counts = await this.database.run(caller.tenantId, (manager) => this.reading.count(manager));
    return { counts };
  }

  async preview(caller: Caller, audience: Audience): Promise<AudienceSize> {
    return this.database.run(caller.tenantId, async (manager) => {
      await this.audience.assertExists(manager, audience);
      const chatsByBot = await this.audience.countByBot(manager, audience);
      const chats = chatsByBot.reduce((sum, count) => sum + count, 0);
      const usual = this.configuration.settings.PACING_BOT_PER_SECOND;
      return {
        chats,
        estimatedSeconds: estimateSendingSeconds(chatsByBot, usual),
        paid: {
          estimatedSeconds: estimateSendingSeconds(chatsByBot, Math.max(usual, paidPerSecond)),
          mostStars: Math.ceil(chats / messagesPerStar),
        },
      };
    });
  }

  async listTags(caller: Caller, query: PageQuery): Promise<Page<TagView>> {
    return this.database.run(caller.tenantId, async (manager) =>
      pageOf(await this.tags.list(manager, query), query, viewTag),
    );
  }

  async createTag(caller: Caller, request: IdempotentRequest, name: string): Promise<TagView> {
    return this.idempotency.run(caller, request, async (manager) => {
      if (!(await this.tags.create(manager, caller.tenantId, name))) {
        throw conflict('tag_exists', 'There is a tag of that name already.');
      }
      const tag = await this.tags.find(manager, name);
      if (!tag) throw notFound('tag');
      return viewTag(tag);
    });
  }

  async deleteTag(caller: Caller, name: string): Promise<void> {
    const hasBeen = await this.database.run(caller.tenantId, (manager) => this.tags.delete(manager, name));
    if (!hasBeen) throw notFound('tag');
  }

  /** The tag is created where it doesn't exist. */
  async tag(caller: Caller, id: string, name: string): Promise<ChatView> {
    return this.database.run(caller.tenantId, async (manager) => {
      if (!(await this.reading.findChat(manager, id))) throw notFound('chat');
      await this.tags.create(manager, caller.tenantId, name);
      await this.tags.tag(manager, name, [id]);
      return this.show(manager, id);
    });
  }

  async untag(caller: Caller, id: string, name: string): Promise<ChatView> {
    return this.database.run(caller.tenantId, async (manager) => {
      await this.tags.untag(manager, name, id);
      return this.show(manager, id);
    });
  }

  /** @param timeZone null to let the chat inherit its bot's */
  async setTimeZone(caller: Caller, id: string, timeZone: string | null): Promise<ChatView> {
    return this.database.run(caller.tenantId, async (manager) => {
      await this.audience.setTimeZones(manager, [{ chatId: id, timeZone }], 'api');
      return this.show(manager, id);
    });
  }

  /** @throws ProblemError 400 for an unknown chat */
  async importTimeZones(caller: Caller, chats: ImportTimeZones['chats']): Promise<ImportedTimeZones> {
    return this.database.run(caller.tenantId, async (manager) => {
      const ids = chats.map(({ chatId }) => chatId);
      await this.audience.assertChatsExist(manager, ids, 'chats');
      await this.audience.setTimeZones(manager, chats, 'import');
      return { chats: ids.length };
    });
  }

  /** @throws ProblemError 400 for an unknown chat, or where more chats fit than one request may tag */
  async tagMany(caller: Caller, request: IdempotentRequest, input: TagChats): Promise<Tagged> {
    return this.idempotency.run(caller, request, async (manager) => {
      const chatIds = await this.chatsToTag(manager, input);
      await this.tags.create(manager, caller.tenantId, input.tag);
      return { chats: await this.tags.tag(manager, input.tag, chatIds) };
    });
  }

  private async chatsToTag(manager: EntityManager, input: TagChats): Promise<readonly string[]> {
    if (input.chatIds) {
      await this.audience.assertChatsExist(manager, input.chatIds, 'chatIds');
      return input.chatIds;
    }
    const first = idBefore({ limit: LARGEST_TAGGING });
    const ids = await this.reading.findChatIds(manager, input.filter ?? {}, first, LARGEST_TAGGING + 1);
    if (ids.length <= LARGEST_TAGGING) return ids;
    throw new ProblemError(
      400,
      'too_many_chats',
      `More than ${LARGEST_TAGGING} chats fit the filter. Narrow it, by bot or by type for example, and tag in several steps.`,
    );
  }

  private async show(manager: EntityManager, id: string): Promise<ChatView> {
    const chat = await this.reading.findChat(manager, id);
    if (!chat) throw notFound('chat');
    const tags = await this.tags.findTagNames(manager, [id]);
    const zones = await this.inheritedZones(manager, [chat]);
    return viewChat(chat, zones.get(chat.botId), tags.get(id));
  }

  private async inheritedZones(
    manager: EntityManager,
    chats: readonly Chat[],
  ): Promise<ReadonlyMap<string, InheritedZone>> {
    const found = await this.timeZones.findInherited(
      manager,
      chats.map((chat) => chat.botId),
    );
    return new Map(found.map((zone) => [zone.botId, zone]));
  }
}

function viewChat(chat: Chat, inherited: InheritedZone | undefined, tags: string[] = []): ChatView {
  if (!inherited) throw new Error(`The chat ${chat.id} has no bot.`);
  return {
    id: chat.id,
    botId: chat.botId,
    contactId: chat.contactId,
    telegramChatId: Number(chat.telegramChatId),
    type: chat.type,
    title: chat.title,
    username: chat.username,
    state: chat.state,
    stateReason: chat.stateReason,
    stateChangedAt: chat.stateChangedAt.toISOString(),
    timeZone: chat.timeZone ?? inherited.timeZone,
    timeZoneSource: chat.timeZoneSource ?? inherited.source,
    tags,
    firstSeenAt: chat.firstSeenAt.toISOString(),
    lastSeenAt: chat.lastSeenAt.toISOString(),
  };
}

function viewContact(contact: Contact): ContactView {
  return {
    id: contact.id,
    botId: contact.botId,
    telegramUserId: Number(contact.telegramUserId),
    firstName: contact.firstName,
    lastName: contact.lastName,
    username: contact.username,
    languageCode: contact.languageCode,
    firstSeenAt: contact.firstSeenAt.toISOString(),
    lastSeenAt: contact.lastSeenAt.toISOString(),
  };
}

function viewTag(tag: TagRow): TagView {
  return { id: tag.id, name: tag.name, chats: tag.chats, createdAt: tag.createdAt.toISOString() };
}
