import { Processor } from '@nestjs/bullmq';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Configuration } from '../../config/index.js';
import { TenantDatabase } from '../../platform/database/index.js';
import { asBotNumber, type BotNumber } from '../../platform/identity/index.js';
import { redactTokens, withLogContext } from '../../platform/logging/index.js';
import { WakeProcessor, WORKER_OPTIONS } from '../../platform/queue/index.js';
import { Slots } from '../../platform/slots/index.js';
import { BotCaller } from '../calls/bot-caller.js';
import { BotDirectory } from '../directory/bot-directory.js';
import { type ConnectedBot } from '../directory/connected-bot.js';
import { isSending } from '../registration/bot-state.rules.js';
import { AnswerSink } from '../routing/answer-sink.js';
import { UpdateRouter } from '../routing/update-router.js';
import { InboxRepository, type WaitingUpdate } from './inbox.repository.js';
import { UpdateMetrics } from './update-metrics.js';
import { groupByChat } from './update.rules.js';

const LARGEST_BATCH = 200;
const FAILURE_LENGTH = 500;

type Progress = 'settled' | 'not_ours' | 'failed' | 'left';

/** Works through a bot's inbox: each chat's updates in their order, several chats at a time. */
@Injectable()
@Processor('inbox', WORKER_OPTIONS)
export class InboxProcessor extends WakeProcessor implements OnModuleDestroy {
  protected override readonly concurrency = 32;
  private readonly transactions: Slots;
  private isStopping = false;

  constructor(
    private readonly directory: BotDirectory,
    private readonly inbox: InboxRepository,
    private readonly database: TenantDatabase,
    private readonly router: UpdateRouter,
    private readonly answers: AnswerSink,
    private readonly caller: BotCaller,
    private readonly metrics: UpdateMetrics,
    configuration: Configuration,
  ) {
    super();
    // People who use the API of the same process must find a connection free.
    this.transactions = new Slots(Math.max(1, Math.floor(configuration.settings.DATABASE_POOL_SIZE * 0.6)));
  }

  onModuleDestroy(): void {
    this.isStopping = true;
  }

  override async drive(keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => this.workThrough(asBotNumber(key))));
  }

  private async workThrough(botNo: BotNumber): Promise<void> {
    let hasProgress = true;
    while (hasProgress && !this.isStopping) {
      const bot = await this.directory.findByNumber(botNo);
      if (!bot || !isSending(bot.state)) return;
      const waiting = await this.inbox.findWaiting(botNo, LARGEST_BATCH);
      const chats = groupByChat(waiting);
      const settled = await Promise.all(chats.map((updates) => this.workOnChat(bot, updates)));
      hasProgress = settled.some((count) => count > 0);
    }
  }

  /** @returns how many updates were settled; the rest waits for the one that was not */
  private async workOnChat(bot: ConnectedBot, updates: readonly WaitingUpdate[]): Promise<number> {
    let count = 0;
    for (const { updateId } of updates) {
      const { tenantId, botId } = bot;
      const progress = await this.transactions.run(() =>
        withLogContext({ tenantId, botId, updateId }, () => this.workOn(bot, updateId)),
      );
      if (progress === 'settled' || progress === 'failed') this.metrics.worked[progress].add();
      if (progress !== 'settled') return count;
      count += 1;
    }
    return count;
  }

  /** What handlers wrote, what they said and "this update is done" are committed together. */
  private async workOn(bot: ConnectedBot, updateId: string): Promise<Progress> {
    // Asked here, where a place is free: a full batch that waits for places would hold up the stop for seconds.
    if (this.isStopping) return 'left';
    try {
      return await this.database.run(bot.tenantId, async (manager) => {
        const update = await this.inbox.claim(manager, bot.botNo, updateId);
        if (!update) return 'not_ours';
        const { answers, calls } = await this.router.route(bot, manager, update);
        await this.answers.enqueue(manager, bot, updateId, answers);
        await this.inbox.settle(manager, bot.botNo, updateId);
        for (const { method, parameters } of calls) {
          this.database.afterCommit(() => this.caller.callSoon(bot, method, parameters));
        }
        return 'settled';
      });
    } catch (error) {
      this.logger.error(error, `bot ${bot.botId}, update ${updateId}`);
      const failure = redactTokens(String(error)).replaceAll('\u0000', '').slice(0, FAILURE_LENGTH);
      await this.database.run(bot.tenantId, (manager) =>
        this.inbox.recordFailure(manager, bot.botNo, updateId, failure),
      );
      return 'failed';
    }
  }
}
