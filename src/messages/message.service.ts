import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { TenantDatabase } from '../platform/database/index.js';
import { conflict, invalidField, notFound } from '../platform/errors/index.js';
import {
  idBefore,
  IdempotencyService,
  type IdempotentRequest,
  type Page,
  pageOf,
  type PageQuery,
} from '../platform/http/index.js';
import { type Caller, type TenantId } from '../platform/identity/index.js';
import { AssetService } from './asset.service.js';
import { type MessageContent } from './message-content.dto.js';
import { type CreateMessage, type MessageView } from './message.dto.js';
import { MessageUses } from './message-uses.service.js';
import { type MessageRow, MessagesRepository } from './messages.repository.js';
import { mediaOf } from './render-message.rules.js';

/** A message that is there already, or a new one. */
export interface MessageChoice {
  readonly messageId?: string | undefined;
  readonly message?: MessageContent | undefined;
}

@Injectable()
export class MessageService {
  constructor(
    private readonly database: TenantDatabase,
    private readonly idempotency: IdempotencyService,
    private readonly messages: MessagesRepository,
    private readonly assets: AssetService,
    private readonly uses: MessageUses,
  ) {}

  create(caller: Caller, idempotent: IdempotentRequest, input: CreateMessage): Promise<MessageView> {
    return this.idempotency.run(caller, idempotent, async (manager) =>
      toView(await this.insert(manager, caller.tenantId, input.content, 'content')),
    );
  }

  /**
   * Keeps a message as part of something larger, such as a broadcast.
   * @param field where the content stands in the request, for the problem document
   * @throws ProblemError 400 when it names a file that is absent or doesn't fit
   */
  async createInTransaction(
    manager: EntityManager,
    tenantId: TenantId,
    content: MessageContent,
    field = 'message',
  ): Promise<{ id: string }> {
    const { id } = await this.insert(manager, tenantId, content, field);
    return { id };
  }

  /**
   * The message that a request names or brings along; exactly one of both, which its schema made sure of.
   * @throws ProblemError 400
   */
  async choose(
    manager: EntityManager,
    tenantId: TenantId,
    { message, messageId }: MessageChoice,
  ): Promise<string> {
    if (message) return (await this.createInTransaction(manager, tenantId, message)).id;
    if (messageId === undefined)
      throw invalidField('message', 'required', 'Give either messageId or message.');
    await this.assertUsable(manager, messageId);
    return messageId;
  }

  /** What a message says, also an archived one; undefined for absent and foreign ones. */
  async findContent(manager: EntityManager, id: string): Promise<MessageContent | undefined> {
    return (await this.messages.findById(manager, id))?.content;
  }

  /**
   * Makes sure that a message may be used from now on; it can't be archived before the transaction ends.
   * @throws ProblemError 400 when it is absent, foreign or archived
   */
  async assertUsable(manager: EntityManager, id: string): Promise<void> {
    const message = await this.messages.lockById(manager, id, 'SHARE');
    if (!message || message.archived_at) {
      throw invalidField(
        'messageId',
        'unknown_message',
        'There is no such message; it may have been archived. Take an id from GET /messages.',
      );
    }
  }

  async findPage(caller: Caller, query: PageQuery): Promise<Page<MessageView>> {
    const before = idBefore(query);
    const rows = await this.database.run(caller.tenantId, (manager) =>
      this.messages.findPage(manager, before, query.limit + 1),
    );
    return pageOf(rows, query, toView);
  }

  async findById(caller: Caller, id: string): Promise<MessageView> {
    const row = await this.database.run(caller.tenantId, (manager) => this.messages.findById(manager, id));
    if (!row) throw notFound('message');
    return toView(row);
  }

  /** Takes a message out of the lists; what was sent with it keeps it. */
  async archive(caller: Caller, id: string): Promise<void> {
    await this.database.run(caller.tenantId, async (manager) => {
      if (!(await this.messages.lockById(manager, id, 'UPDATE'))) throw notFound('message');
      const reason = await this.uses.findReasonToKeep(manager, id);
      if (reason !== undefined) throw conflict('message_in_use', reason);
      await this.messages.archive(manager, id);
    });
  }

  private async insert(
    manager: EntityManager,
    tenantId: TenantId,
    content: MessageContent,
    field: string,
  ): Promise<MessageRow> {
    const media = mediaOf(content);
    if (media) await this.assets.assertFits(manager, media.assetId, media.field, `${field}.assetId`);
    return this.messages.insert(manager, tenantId, content);
  }
}

const toView = (row: MessageRow): MessageView => ({
  id: row.id,
  content: row.content,
  createdAt: row.created_at.toISOString(),
  archivedAt: row.archived_at?.toISOString() ?? null,
});
