import { randomUUID } from 'node:crypto';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { Clock, Repeater } from '../../platform/clock/index.js';
import { isRefusedData } from '../../platform/database/index.js';
import { type BotNumber } from '../../platform/identity/index.js';
import { Slots } from '../../platform/slots/index.js';
import { BotApiClient, type BotApiOutcome } from '../../telegram/index.js';
import { BotVerdicts } from '../calls/bot-verdicts.js';
import { BotDirectory } from '../directory/bot-directory.js';
import { type ConnectedBot } from '../directory/connected-bot.js';
import { UpdateIntake } from '../inbox/update-intake.js';
import { ALLOWED_UPDATES, readUpdate, type ReceivedUpdate } from '../inbox/update.rules.js';
import { isSending } from '../registration/bot-state.rules.js';
import { BotChanged, BotConnected } from '../registration/bots.events.js';
import { WebhookRegistrar } from '../webhook/webhook-registrar.js';
import { registrationOf } from '../webhook/webhook.rules.js';
import { HeldBot } from './held-bot.js';
import { PollingRepository } from './polling.repository.js';
import {
  isLastingConflict,
  LARGEST_BATCH,
  LONG_POLLS,
  pauseAfterConflictMs,
  pauseAfterFailureMs,
  pauseAfterPollMs,
  pollTimeoutSeconds,
} from './polling.rules.js';
import { RegistrationPace } from './registration-pace.js';

/** Bots that other processes connected, paused or left behind are noticed this late. */
const SCAN_EVERY_MS = 1_000;
/** Renewing costs a row a bot: not at every scan. A lease lasts three times as long. */
const RENEW_EVERY_MS = 3_000;
const MAXIMUM_BOTS = 10_000;

const CONFLICT_REASONS = {
  poller:
    'Another program fetches the updates of this bot with the same token. Stop it, or revoke the token at @BotFather.',
  webhook: 'Another program has set a webhook for this bot. Resume the bot to take its updates over.',
} as const;

/**
 * Makes Telegram's updates come in: by long polling, one owner a bot, or by telling Telegram the webhook's address.
 * What is fetched is stored before it is confirmed.
 */
@Injectable()
export class Poller implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(Poller.name);
  /** One start of one process. */
  private readonly owner = randomUUID();
  private readonly held = new Map<BotNumber, HeldBot>();
  private readonly attending = new Set<Promise<void>>();
  private readonly connections = new Slots(LONG_POLLS);
  private readonly scanning = new Repeater(SCAN_EVERY_MS, () => this.scan(), this.logger);
  private readonly pace: RegistrationPace;
  private renewedAtMs = -Infinity;

  constructor(
    private readonly polling: PollingRepository,
    private readonly directory: BotDirectory,
    private readonly client: BotApiClient,
    private readonly verdicts: BotVerdicts,
    private readonly registrar: WebhookRegistrar,
    private readonly intake: UpdateIntake,
    private readonly clock: Clock,
  ) {
    this.pace = new RegistrationPace(clock);
  }

  onApplicationBootstrap(): void {
    this.scanning.start();
  }

  /** Cuts the polls and hands the bots back, so that another process goes on at once. */
  async onModuleDestroy(): Promise<void> {
    await this.scanning.stop();
    for (const bot of this.held.values()) bot.drop();
    await Promise.all(this.attending);
  }

  @OnEvent(BotConnected.topic)
  handleBotConnected(): void {
    this.scanning.hurry();
  }

  /** A changed bot is let go and claimed afresh: with its new token, or not at all. */
  @OnEvent(BotChanged.topic)
  handleBotChanged(event: BotChanged): void {
    // A conflict is our own finding, and asking less and less often goes on.
    if (event.state !== 'conflict') this.held.get(event.botNo)?.drop();
    this.scanning.hurry();
  }

  private async scan(): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    if (this.held.size > 0 && nowMs - this.renewedAtMs >= RENEW_EVERY_MS) {
      await this.renew();
      this.renewedAtMs = nowMs;
    }
    const room = MAXIMUM_BOTS - this.held.size;
    if (room <= 0) return;
    for (const claim of await this.polling.claim(this.owner, room, this.registrar.terms)) {
      const lapsed = this.held.get(claim.botNo);
      if (lapsed) {
        // Our own lease had run out, and others may have moved the offset since: once let go, it is claimed afresh.
        lapsed.drop();
        continue;
      }
      const bot = new HeldBot(claim);
      this.held.set(bot.botNo, bot);
      const attended = this.attend(bot).finally(() => this.attending.delete(attended));
      this.attending.add(attended);
    }
  }

  private async renew(): Promise<void> {
    const bots = [...this.held.values()];
    const numbersOf = (some: readonly HeldBot[]) => some.map((bot) => bot.botNo);
    const kept = await this.polling.renew(this.owner, {
      held: numbersOf(bots),
      confirmed: numbersOf(bots.filter((bot) => bot.isConfirmed)),
      untold: numbersOf(bots.filter((bot) => !bot.isTold)),
    });
    for (const bot of bots) if (!kept.has(bot.botNo)) bot.drop();
  }

  private async attend(bot: HeldBot): Promise<void> {
    while (!bot.isDropped) {
      try {
        const pauseMs = bot.isTold ? await this.poll(bot) : await this.tell(bot);
        await bot.pause(pauseMs);
      } catch (error) {
        // The database is away, or a mistake of ours: neither may end the listening of this bot.
        this.logger.error(error, `bot number ${bot.botNo}`);
        await bot.pause(this.pauseAfterFailure(bot));
      }
    }
    this.held.delete(bot.botNo);
    await this.polling
      .release(this.owner, [bot.botNo])
      .catch((error: unknown) => this.logger.warn(`lease runs out by itself: ${String(error)}`));
  }

  /**
   * Makes Telegram send updates where we wait for them.
   * @returns how long to pause
   */
  private async tell(bot: HeldBot): Promise<number> {
    const connected = await this.find(bot);
    if (!connected) return 0;
    const { webhookPath, isLoaded } = bot.claim;
    if (!this.pace.tryTake(connected.apiRoot, isLoaded)) return SCAN_EVERY_MS;
    const { terms } = this.registrar;
    const outcome = await (terms
      ? this.registrar.register(connected, terms, webhookPath)
      : this.registrar.unregister(connected));
    if (outcome.kind !== 'ok') {
      const told = outcome.kind === 'rejected' ? `: ${outcome.description}` : '';
      this.logger.warn(`bot ${connected.botId}: webhook not set, ${outcome.kind}${told}`);
      return this.pauseAfterTrouble(bot, connected, outcome);
    }
    bot.failures = 0;
    if (terms) {
      const registration = registrationOf(terms, webhookPath);
      await this.polling.recordWebhook(this.owner, bot.claim, 'webhook', registration);
      // A conflict is over once the webhook is still there after a while; that is the watch's to say.
      bot.drop();
    } else {
      await this.polling.recordWebhook(this.owner, bot.claim, 'polling', '');
      bot.isTold = true;
    }
    return 0;
  }

  /**
   * Fetches once and stores what came.
   * @returns how long to pause
   */
  private async poll(bot: HeldBot): Promise<number> {
    const connected = await this.find(bot);
    if (!connected) return 0;
    const timeoutSeconds = pollTimeoutSeconds(this.held.size);
    const startedAtMs = this.clock.monotonicMs();
    const outcome = await this.connections.run(() => this.fetch(bot, connected, timeoutSeconds));
    if (bot.isDropped) return 0;
    if (outcome.kind !== 'ok') return this.pauseAfterTrouble(bot, connected, outcome);

    const { result } = outcome;
    const updates = result.flatMap((value) => readUpdate(value) ?? []);
    const last = updates.at(-1);
    if (last) {
      if (!(await this.store(bot, updates))) {
        bot.drop();
        return 0;
      }
      this.intake.wake([bot.botNo]);
      bot.nextOffset = last.updateId + 1;
    }
    bot.isConfirmed = !last;
    bot.failures = 0;
    bot.conflicts = 0;
    if (connected.state === 'conflict') await this.verdicts.noteHealed(connected);
    const tookMs = this.clock.monotonicMs() - startedAtMs;
    return pauseAfterPollMs({ timeoutSeconds, tookMs, updates: result.length });
  }

  /**
   * Stores in order, past updates that PostgreSQL will never take: kept at Telegram, one would hold up all behind it.
   * @returns whether the lease still held
   */
  private async store(bot: HeldBot, updates: readonly ReceivedUpdate[]): Promise<boolean> {
    const nextOffset = (updates.at(-1)?.updateId ?? 0) + 1;
    try {
      const isStored = await this.polling.store(this.owner, bot.botNo, nextOffset, updates);
      if (isStored) this.intake.noteTaken(updates.length);
      return isStored;
    } catch (error) {
      if (!isRefusedData(error)) throw error;
      if (updates.length === 1) {
        this.intake.noteRefusal(bot.botNo, nextOffset - 1, error);
        return this.polling.store(this.owner, bot.botNo, nextOffset, []);
      }
      const middle = Math.ceil(updates.length / 2);
      return (await this.store(bot, updates.slice(0, middle))) && this.store(bot, updates.slice(middle));
    }
  }

  private fetch(
    bot: HeldBot,
    { apiRoot, token }: ConnectedBot,
    timeoutSeconds: number,
  ): Promise<BotApiOutcome<unknown[]>> {
    if (bot.isDropped) return Promise.resolve({ kind: 'notSent', cause: 'withdrawn' });
    return this.client.call<unknown[]>({
      apiRoot,
      token,
      method: 'getUpdates',
      parameters: {
        // After a quiet week Telegram's numbers start anew at random, maybe below the offset: once everything before
        // it is confirmed, ask for whatever there is.
        ...(bot.nextOffset > 0 && !bot.isConfirmed && { offset: bot.nextOffset }),
        limit: LARGEST_BATCH,
        timeout: timeoutSeconds,
        allowed_updates: ALLOWED_UPDATES,
      },
      signal: bot.signal,
    });
  }

  /** The bot, where it still listens; one that doesn't is let go. */
  private async find(bot: HeldBot): Promise<ConnectedBot | undefined> {
    const connected = await this.directory.findByNumber(bot.botNo);
    if (connected && isSending(connected.state)) return connected;
    bot.drop();
    return undefined;
  }

  private async pauseAfterTrouble(
    bot: HeldBot,
    connected: ConnectedBot,
    outcome: Exclude<BotApiOutcome, { kind: 'ok' }>,
  ): Promise<number> {
    switch (outcome.kind) {
      case 'tokenRejected':
        await this.verdicts.rejectToken(connected);
        bot.drop();
        return 0;
      case 'conflict':
        bot.conflicts += 1;
        if (isLastingConflict(bot.conflicts)) {
          await this.verdicts.noteConflict(connected, CONFLICT_REASONS[outcome.conflictWith]);
        }
        return pauseAfterConflictMs(bot.conflicts);
      case 'rateLimited':
        return outcome.retryAfterSeconds * 1000;
      case 'rejected':
      case 'migrated':
      case 'notSent':
      case 'unknown':
        return this.pauseAfterFailure(bot);
    }
  }

  private pauseAfterFailure(bot: HeldBot): number {
    bot.failures += 1;
    return pauseAfterFailureMs(bot.failures, Math.random());
  }
}
