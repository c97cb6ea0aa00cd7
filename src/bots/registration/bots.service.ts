import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { type EntityManager, QueryFailedError } from 'typeorm';
import { Configuration } from '../../config/index.js';
import { randomSecret } from '../../platform/crypto/index.js';
import { TenantDatabase } from '../../platform/database/index.js';
import { conflict, invalidField, notFound, type ProblemError } from '../../platform/errors/index.js';
import { IdempotencyService, type IdempotentRequest, type Page, pageOf } from '../../platform/http/index.js';
import { asBotId, asBotNumber, type Caller } from '../../platform/identity/index.js';
import { AuditLog, Quotas, TimeZoneChanges } from '../../tenants/index.js';
import { Outbox } from '../../webhooks/index.js';
import { WebhookRegistrar } from '../webhook/webhook-registrar.js';
import { BotDirectory } from '../directory/bot-directory.js';
import { BotProver } from './bot-prover.js';
import { type BotState, refusalOfPause, refusalOfResume } from './bot-state.rules.js';
import { Bot } from './bot.entity.js';
import { type BotQuery, type BotView, type ChangeBot, type ConnectBot } from './bots.dto.js';
import { BotChanged, BotConnected } from './bots.events.js';
import { BotsRepository } from './bots.repository.js';
import { type ChatCount, ChatCounts } from './chat-counts.js';
import { TokenVault } from './token-vault.js';

const UNIQUE_VIOLATION = '23505';

/** Bots in and out, on behalf of a member of the tenant. */
@Injectable()
export class BotsService implements OnModuleInit {
  constructor(
    private readonly database: TenantDatabase,
    private readonly idempotency: IdempotencyService,
    private readonly bots: BotsRepository,
    private readonly prover: BotProver,
    private readonly vault: TokenVault,
    private readonly counts: ChatCounts,
    private readonly directory: BotDirectory,
    private readonly registrar: WebhookRegistrar,
    private readonly events: EventEmitter2,
    private readonly audit: AuditLog,
    private readonly outbox: Outbox,
    private readonly configuration: Configuration,
    private readonly quotas: Quotas,
    private readonly timeZones: TimeZoneChanges,
  ) {}

  onModuleInit(): void {
    this.quotas.register('bots', (manager, atMost) => this.bots.countConnected(manager, atMost));
  }

  async connect(caller: Caller, request: IdempotentRequest, input: ConnectBot): Promise<BotView> {
    // Before an older connection is ended for this one.
    await this.database.run(caller.tenantId, (manager) =>
      this.quotas.assertRoom(manager, caller.tenantId, 'bots'),
    );
    const proven = await this.prover.prove(input.environment, input.token);
    const isKnown = await this.database.run(caller.tenantId, (manager) =>
      this.bots.findConnected(manager, proven.home, proven.telegramId),
    );
    if (!isKnown) await this.prover.takeOver(proven);
    const token = await this.vault.seal({ ...proven, tenantId: caller.tenantId }, input.token);
    try {
      return await this.idempotency.run(caller, request, async (manager) => {
        if (await this.bots.findConnected(manager, proven.home, proven.telegramId)) throw alreadyConnected();
        await this.quotas.assertRoom(manager, caller.tenantId, 'bots');
        const bot = await this.bots.insert(manager, {
          ...proven,
          tenantId: caller.tenantId,
          environment: input.environment,
          name: input.name ?? proven.firstName,
          webhookPath: randomSecret(),
          updatesMode: this.configuration.settings.PUBLIC_URL === undefined ? 'polling' : 'webhook',
          token,
        });
        await this.outbox.announce(manager, caller.tenantId, {
          event: 'bot.connected',
          data: { botId: bot.id, telegramId: Number(bot.telegramId), username: bot.username },
        });
        await this.timeZones.follow(manager);
        await this.record(manager, caller, 'bot.connected', bot.id);
        this.database.afterCommit(() =>
          this.events.emit(
            BotConnected.topic,
            new BotConnected(caller.tenantId, asBotId(bot.id), asBotNumber(bot.no)),
          ),
        );
        return view(bot);
      });
    } catch (error) {
      // Two requests connected the same bot at once: the index decided.
      if (isUniqueViolation(error)) throw alreadyConnected();
      throw error;
    }
  }

  async list(caller: Caller, query: BotQuery): Promise<Page<BotView>> {
    return this.database.run(caller.tenantId, async (manager) => {
      const bots = await this.bots.list(manager, query);
      const counts = await this.counts.countByBot(
        manager,
        bots.map((bot) => bot.id),
      );
      return pageOf(bots, query, (bot) => view(bot, counts.get(bot.id)));
    });
  }

  async read(caller: Caller, id: string): Promise<BotView> {
    return this.database.run(caller.tenantId, async (manager) => this.show(manager, id));
  }

  async change(caller: Caller, id: string, change: ChangeBot): Promise<BotView> {
    return this.database.run(caller.tenantId, async (manager) => {
      await this.lock(manager, id);
      await this.bots.change(manager, id, change);
      if (change.timeZone !== undefined) {
        await this.timeZones.follow(manager);
        await this.record(manager, caller, 'bot.time_zone_set', id);
      }
      const changed = await this.show(manager, id);
      if (change.name !== undefined) await this.record(manager, caller, 'bot.renamed', id);
      return changed;
    });
  }

  pause(caller: Caller, id: string): Promise<BotView> {
    return this.changeState(caller, id, 'paused', refusalOfPause);
  }

  resume(caller: Caller, id: string): Promise<BotView> {
    return this.changeState(caller, id, 'running', refusalOfResume);
  }

  /** @throws ProblemError 409 where the token is another bot's */
  async replaceToken(caller: Caller, id: string, token: string): Promise<BotView> {
    const before = await this.database.run(caller.tenantId, (manager) => this.find(manager, id));
    if (before.state === 'disconnected') throw disconnected();
    const proven = await this.prover.prove(before.environment, token);
    if (proven.telegramId !== before.telegramId || proven.home !== before.home) {
      throw invalidField(
        'token',
        'token_of_another_bot',
        'This token belongs to another bot. Connect that bot as one of its own, or take the token of this one.',
      );
    }
    if (before.state === 'token_rejected') await this.prover.takeOver(proven);
    const sealed = await this.vault.seal({ ...proven, tenantId: caller.tenantId }, token);
    try {
      return await this.database.run(caller.tenantId, async (manager) => {
        const bot = await this.lock(manager, id);
        if (bot.state === 'disconnected') throw disconnected();
        await this.bots.replaceToken(manager, id, sealed, proven.tokenFingerprint);
        const state = bot.state === 'paused' ? 'paused' : 'running';
        await this.bots.setState(manager, id, state, null);
        this.announce(bot, state);
        const shown = await this.show(manager, id);
        await this.record(manager, caller, 'bot.token_replaced', id);
        return shown;
      });
    } catch (error) {
      if (isUniqueViolation(error)) throw alreadyConnected();
      throw error;
    }
  }

  /** The audience and what was sent stay readable; the token is gone. */
  async disconnect(caller: Caller, id: string): Promise<void> {
    const before = await this.database.run(caller.tenantId, (manager) => this.find(manager, id));
    if (before.state === 'disconnected') return;
    const connected = await this.directory.findByNumber(asBotNumber(before.no));
    await this.database.run(caller.tenantId, async (manager) => {
      const bot = await this.lock(manager, id);
      await this.bots.disconnect(manager, id);
      this.announce(bot, 'disconnected');
      await this.record(manager, caller, 'bot.disconnected', id);
    });
    if (connected && before.updatesMode === 'webhook') await this.registrar.withdraw(connected);
  }

  private changeState(
    caller: Caller,
    id: string,
    state: BotState,
    refusalOf: (state: BotState) => string | undefined,
  ): Promise<BotView> {
    return this.database.run(caller.tenantId, async (manager) => {
      const bot = await this.lock(manager, id);
      const refusal = refusalOf(bot.state);
      if (refusal !== undefined) throw conflict(`bot_${bot.state}`, refusal);
      if (bot.state === state) return this.show(manager, id);
      await this.bots.setState(manager, id, state, null);
      this.announce(bot, state);
      const shown = await this.show(manager, id);
      await this.record(manager, caller, state === 'paused' ? 'bot.paused' : 'bot.resumed', id);
      return shown;
    });
  }

  private record(manager: EntityManager, { actor }: Caller, action: string, id: string): Promise<void> {
    return this.audit.record(manager, { actor, action, subject: { kind: 'bot', id } });
  }

  private announce(bot: Bot, state: BotState): void {
    const { tenantId, id, no } = bot;
    this.database.afterCommit(() =>
      this.events.emit(
        BotChanged.topic,
        new BotChanged(tenantId as Caller['tenantId'], asBotId(id), asBotNumber(no), state),
      ),
    );
  }

  private async find(manager: EntityManager, id: string): Promise<Bot> {
    const bot = await this.bots.find(manager, id);
    if (!bot) throw notFound('bot');
    return bot;
  }

  private async lock(manager: EntityManager, id: string): Promise<Bot> {
    const bot = await this.bots.findForUpdate(manager, id);
    if (!bot) throw notFound('bot');
    return bot;
  }

  private async show(manager: EntityManager, id: string): Promise<BotView> {
    const bot = await this.find(manager, id);
    const counts = await this.counts.countByBot(manager, [id]);
    return view(bot, counts.get(id));
  }
}

function view(bot: Bot, chats: ChatCount = { active: 0, stopped: 0, unreachable: 0 }): BotView {
  return {
    id: bot.id,
    environment: bot.environment,
    name: bot.name,
    telegramId: Number(bot.telegramId),
    username: bot.username,
    firstName: bot.firstName,
    timeZone: bot.timeZone,
    state: bot.state,
    stateReason: bot.stateReason,
    stateChangedAt: bot.stateChangedAt.toISOString(),
    updatesMode: bot.updatesMode,
    chats,
    createdAt: bot.createdAt.toISOString(),
  };
}

function alreadyConnected(): ProblemError {
  return conflict(
    'bot_already_connected',
    'This bot is connected already. To give it a new token, use PUT /bots/{id}/token.',
  );
}

function disconnected(): ProblemError {
  return conflict('bot_disconnected', 'The bot is disconnected; connect it again (POST /bots).');
}

function isUniqueViolation(error: unknown): boolean {
  return (
    error instanceof QueryFailedError &&
    (error.driverError as { code?: string } | undefined)?.code === UNIQUE_VIOLATION
  );
}
