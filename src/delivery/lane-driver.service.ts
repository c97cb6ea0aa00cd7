import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { BotDirectory, isSending, readRest, RESTS_CHANNEL } from '../bots/index.js';
import { Configuration } from '../config/index.js';
import { Clock } from '../platform/clock/index.js';
import { ClockWatch } from '../platform/clock-watch/index.js';
import { DatabaseNotifications, DispatcherDatabase } from '../platform/database/index.js';
import { asBotNumber, type BotNumber } from '../platform/identity/index.js';
import { type LogContext, withLogContext } from '../platform/logging/index.js';
import { InjectWakeQueue, WakeQueue } from '../platform/queue/index.js';
import { BotApiClient } from '../telegram/index.js';
import { PlansService } from '../tenants/index.js';
import { BroadcastProgress } from './broadcast-progress.service.js';
import { Contents } from './contents.js';
import { DeliveryMetrics } from './delivery-metrics.js';
import { DELIVERY_CLASS, RESEND_UNKNOWN_AFTER_MS } from './delivery.rules.js';
import {
  ANSWERS_CHANNEL,
  BOTS_CHANNEL,
  BROADCASTS_CHANNEL,
  LANES,
  LANES_CHANNEL,
  RELIEF_CHANNEL,
  TENANTS_CHANNEL,
} from './delivery.queues.js';
import { Journal } from './journal.js';
import { JournalRepository } from './journal.repository.js';
import { LaneOwner, type Lease } from './lane-owner.js';
import { Lane, type LaneEnd, type LaneSurroundings } from './lane.js';
import { LanePace } from './lane-pace.rules.js';
import { LaneConsequences } from './lane-consequences.js';
import { LaneHoldings } from './lane-holdings.js';
import { LaneLeaseRepository } from './lane-lease.repository.js';
import { type LanePlace, LanePlaces } from './lane-places.js';
import { type LaneShare } from './lane-turns.rules.js';
import { LaneRepository, type QueuedDelivery } from './lane.repository.js';
import { OpenDays } from './open-days.js';

/** A third of a lease. */
const RENEW_EVERY_MS = 2_000;
const FAIRNESS_EVERY_MS = 500;
/** A process calls for relief this often while lanes stand in its line. */
const RELIEVE_EVERY_MS = 2_000;

interface DrivenLane {
  readonly lane: Lane;
  readonly place: LanePlace;
}

/** Drives lanes in this process: takes them, keeps the lease under which it may, and lets each go at its end. */
@Injectable()
export class LaneDriver implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('LaneDriver');
  private readonly owner: LaneOwner;
  private readonly lanes = new Map<string, DrivenLane>();
  /** Lanes that begin, and lanes until they are let go: what a stop waits for. */
  private readonly underWay = new Set<Promise<void>>();
  /** Lanes that are on their way to begin: one that is woken meanwhile reads what it was woken for anyway. */
  private readonly beginning = new Set<string>();
  /** Lanes that have ended, and are about to be let go. */
  private readonly ending = new Set<string>();
  /** Lanes with nothing to do, which leave when somebody wants their place. */
  private readonly idle = new Set<Lane>();
  /** One for each lane that is driven here. */
  private readonly places: LanePlaces;
  private readonly leases: LaneLeaseRepository;
  private readonly holdings: LaneHoldings;
  private readonly repository: LaneRepository;
  private readonly surroundings: LaneSurroundings;
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly doubted = new Set<Lane>();
  private isStopping = false;

  constructor(
    private readonly configuration: Configuration,
    private readonly clock: Clock,
    private readonly clocks: ClockWatch,
    private readonly database: DispatcherDatabase,
    private readonly notifications: DatabaseNotifications,
    private readonly directory: BotDirectory,
    private readonly plans: PlansService,
    consequences: LaneConsequences,
    private readonly progress: BroadcastProgress,
    client: BotApiClient,
    contents: Contents,
    days: OpenDays,
    metrics: DeliveryMetrics,
    @InjectWakeQueue(LANES) private readonly queue: WakeQueue,
  ) {
    this.places = new LanePlaces(configuration.settings.LANES_PER_WORKER, clock);
    this.leases = new LaneLeaseRepository(database, days);
    this.owner = new LaneOwner(this.leases, clock, this.logger, (lease) => this.loseAll(lease));
    this.repository = new LaneRepository(database, days);
    this.holdings = new LaneHoldings(this.owner, this.leases, this.repository);
    this.surroundings = {
      clock,
      client,
      contents,
      repository: this.repository,
      journal: new Journal(new JournalRepository(database), metrics),
      follow: (lane, delivery, consequence) =>
        withLogContext(idsOf(lane, delivery), () =>
          consequences.follow(lane, delivery, consequence, (no) => this.dropBroadcast(no)),
        ),
      noteLeaving: ({ row, dueAtMs }) => {
        if (row.attempt === 0) metrics.noteLeaving(dueAtMs);
      },
      noteRest: (lane, restMs) => this.noteRest(lane, restMs),
      noteSettled: (delivery) => this.progress.noteSettled(delivery),
      closeStrays: (lane) => this.closeStrays(lane),
      doubt: (lane) => this.doubt(lane),
      noteIdle: (lane, isIdle) => this.noteIdle(lane, isIdle),
      report: (lane, error) => withLogContext(idsOf(lane), () => this.logger.error(error)),
    };
    metrics.watchLanes({
      driven: () => this.lanes.size,
      most: configuration.settings.LANES_PER_WORKER,
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.notifications.listen(LANES_CHANNEL, (payload) => {
      for (const botNo of payload.split(',')) this.lanes.get(botNo)?.lane.noticeMore();
    });
    await this.notifications.listen(ANSWERS_CHANNEL, (payload) => {
      for (const botNo of payload.split(',')) this.lanes.get(botNo)?.lane.noticeAnswer();
    });
    await this.notifications.listen(RESTS_CHANNEL, (payload) => {
      const { botNo, restMs } = readRest(payload);
      this.lanes.get(botNo)?.lane.rest(restMs);
    });
    await this.notifications.listen(BROADCASTS_CHANNEL, (broadcastNo) => this.dropBroadcast(broadcastNo));
    await this.notifications.listen(BOTS_CHANNEL, (botNo) => void this.checkBot(asBotNumber(botNo)));
    await this.notifications.listen(RELIEF_CHANNEL, () => void this.keep(this.relieveOthers()));
    await this.notifications.listen(TENANTS_CHANNEL, () => void this.stopSuspended());
    this.clocks.onHold(() => this.stopAll());
    this.timers.push(
      setInterval(() => void this.renew(), RENEW_EVERY_MS),
      setInterval(() => void this.stopSuspended(), RENEW_EVERY_MS),
      setInterval(() => this.makeRoom(), FAIRNESS_EVERY_MS),
      setInterval(() => void this.keep(this.callForRelief()), RELIEVE_EVERY_MS),
    );
  }

  /**
   * Starts nothing more, waits until everything that left is settled, and lets all lanes go: no unknown remains.
   * Before the queue's workers close, since these wait for the lanes that they drive.
   */
  async onModuleDestroy(): Promise<void> {
    this.isStopping = true;
    this.places.close();
    this.stopAll();
    while (this.underWay.size > 0) await Promise.allSettled(this.underWay);
    await this.progress.end();
    for (const timer of this.timers) clearInterval(timer);
    await this.owner
      .end()
      .catch((error: unknown) => this.logger.error(error, 'the lease runs out by itself'));
  }

  private stopAll(): void {
    for (const { lane } of this.lanes.values()) lane.finish({ kind: 'stopped' });
  }

  private dropBroadcast(broadcastNo: string): void {
    for (const { lane } of this.lanes.values()) lane.dropBroadcast(broadcastNo);
  }

  /** A bot was paused, lost its token or got another: its lane ends, and begins anew where the bot still runs. */
  private async checkBot(botNo: BotNumber): Promise<void> {
    this.directory.forget(botNo);
    const driven = this.lanes.get(botNo);
    if (!driven) return;
    try {
      const bot = await this.directory.findByNumber(botNo);
      const goesOn = bot !== undefined && isSending(bot.state);
      if (goesOn && bot.token === driven.lane.bot.token) return;
      // Of a bot that was disconnected what waits is closed when its lane is taken next.
      const beginsAnew = goesOn || bot?.state === 'disconnected';
      driven.lane.finish({ kind: beginsAnew ? 'yielded' : 'stopped' });
    } catch (error) {
      this.logger.error(
        error,
        'a bot that changed could not be read; its lane is looked at again when it ends',
      );
    }
  }

  /** Lanes of suspended tenants end; what waits in them is driven by nobody until their tenant is active again. */
  private async stopSuspended(): Promise<void> {
    const lanes = [...this.lanes.values()].map(({ lane }) => lane);
    if (lanes.length === 0) return;
    try {
      const tenantIds = [...new Set(lanes.map(({ bot }) => bot.tenantId))];
      const suspended = await this.leases.findSuspended(tenantIds);
      for (const lane of lanes) if (suspended.has(lane.bot.tenantId)) lane.finish({ kind: 'stopped' });
    } catch (error) {
      this.logger.error(
        error,
        'whose tenants are suspended could not be read; it is asked again in a moment',
      );
    }
  }

  /** Begins to drive lanes; returns once each is driven, here or by another process, or stands in line for a place. */
  async begin(botNumbers: readonly string[]): Promise<void> {
    // A wake that comes here was meant for whoever can: processes whose clocks agree look for it themselves.
    if (this.clocks.isHolding) return this.askOthers();
    await Promise.all(botNumbers.map((botNo) => this.keep(this.beginOne(asBotNumber(botNo)))));
  }

  private async beginOne(botNo: BotNumber): Promise<void> {
    if (this.isHere(botNo)) return;
    const share = await this.findShare(botNo);
    if (!share || this.isHere(botNo)) return;
    this.beginning.add(botNo);
    const place = this.places.takeFree(share);
    if (place) return this.beginAt(place, botNo);
    this.askIdleToLeave();
    // Nobody waits for it: whoever brought it must be free to bring other tenants' lanes to the line.
    void this.keep(
      this.places
        .standInLine(share)
        .then((given) => this.beginAt(given, botNo))
        .catch((error: unknown) =>
          this.logger.error(error, 'a lane could not begin; the sweep finds it again'),
        ),
    );
  }

  /** Whether a lane is driven here, or is about to be; it reads what it was woken for. */
  private isHere(botNo: BotNumber): boolean {
    const driven = this.lanes.get(botNo);
    driven?.lane.noticeMore();
    return driven !== undefined || this.beginning.has(botNo);
  }

  private async findShare(botNo: BotNumber): Promise<LaneShare | undefined> {
    const bot = await this.directory.findByNumber(botNo);
    return bot && { tenantId: bot.tenantId, weight: (await this.plans.findOfTenant(bot.tenantId)).weight };
  }

  private async beginAt(place: LanePlace | undefined, botNo: BotNumber): Promise<void> {
    try {
      const lane = place && (await this.open(botNo));
      if (lane) this.drive(lane, place);
      else if (place) this.places.giveBack(place);
    } catch (error) {
      if (place) this.places.giveBack(place);
      throw error;
    } finally {
      this.beginning.delete(botNo);
    }
  }

  /** Takes a lane's lease and clears up after an owner that died; undefined where there is nothing to drive for us. */
  private async open(botNo: BotNumber): Promise<Lane | undefined> {
    const bot = await this.directory.findByNumber(botNo);
    if (!bot || this.isStopping) return undefined;
    const acquired = await this.holdings.take(botNo);
    if (!acquired) return undefined;
    if (!acquired.wasLetGo) {
      const closed = await this.leases.closeOpenAttempts(botNo, acquired.epoch, RESEND_UNKNOWN_AFTER_MS);
      if (closed > 0) this.logger.warn(`took over the lane of bot ${bot.botId}: ${closed} open attempts`);
    }
    if (!isSending(bot.state)) {
      if (bot.state === 'disconnected') await this.progress.dropLane(botNo);
      const pace = acquired.pace ?? undefined;
      await this.holdings.letGo({ botNo, lease: acquired.lease, epoch: acquired.epoch, pace });
      return undefined;
    }
    const now = this.clock.monotonicMs();
    const beginning = { freeSinceMs: now - acquired.freeMs, isMemoryWhole: acquired.wasLetGo };
    const pace = LanePace.begin(this.paceLimits(), beginning, acquired.pace ?? undefined);
    pace.rest(now + acquired.restMs);
    return new Lane(bot, acquired.lease, acquired.epoch, pace, this.surroundings);
  }

  private drive(lane: Lane, place: LanePlace): void {
    const { botNo } = lane.bot;
    if (this.isStopping || this.clocks.isHolding) lane.finish({ kind: 'stopped' });
    this.lanes.set(botNo, { lane, place });
    void this.keep(
      lane
        .run()
        .then((end) => this.conclude(lane, end))
        .catch((error: unknown) =>
          withLogContext(idsOf(lane), () => this.logger.error(error, `the lane of bot ${lane.bot.botId}`)),
        )
        .finally(() => this.places.giveBack(place)),
    );
  }

  private keep(work: Promise<void>): Promise<void> {
    const kept = work.finally(() => this.underWay.delete(kept));
    this.underWay.add(kept);
    return kept;
  }

  private async conclude(lane: Lane, end: LaneEnd): Promise<void> {
    const { botNo } = lane.bot;
    // First of all: a wake that comes from here on either takes the lane after its release, or finds it held, and then
    // what it was for is seen by the look after the release.
    this.lanes.delete(botNo);
    if (end.kind === 'lost') {
      // Not let go: where it is ours after all, the next look takes it once more and closes what stands open in it.
      withLogContext(idsOf(lane), () => this.logger.warn(`lost the lane of bot ${lane.bot.botId}`));
      return;
    }
    this.ending.add(botNo);
    const { lease, epoch } = lane;
    const isLeftBehind = await this.holdings
      .letGo({ botNo, lease, epoch, pace: lane.memory() })
      .finally(() => this.ending.delete(botNo));
    // A process that stops leaves the waking to the sweep: its queue may be closed already.
    if (this.isStopping) return;
    // Back to the line of this process, whose other lanes know its tenant's account.
    if (end.kind === 'yielded') await this.begin([botNo]);
    else if (end.kind === 'empty' && isLeftBehind) this.queue.wakeSoon([botNo]);
    else if ('nextInMs' in end && end.nextInMs !== undefined) await this.queue.wakeLater(botNo, end.nextInMs);
  }

  private paceLimits() {
    const { PACING_BOT_PER_SECOND, PACING_CHAT_PER_SECOND, PACING_GROUP_PER_MINUTE } =
      this.configuration.settings;
    return {
      perSecond: PACING_BOT_PER_SECOND,
      perChatPerSecond: PACING_CHAT_PER_SECOND,
      perGroupPerMinute: PACING_GROUP_PER_MINUTE,
    };
  }

  /** Prolongs the lease, and looks whether what is driven here is still ours, and what is ours still driven. */
  private async renew(): Promise<void> {
    try {
      if (await this.owner.prolong()) await this.look();
    } catch (error) {
      // Until the database is back nothing leaves: the journal waits, and the deadline holds back the rest.
      this.logger.error(error, 'the lease could not be renewed');
    }
  }

  private async look(): Promise<void> {
    // Only those that were driven before the look: it doesn't see what is taken meanwhile.
    const driven = [...this.lanes.values()];
    const held = await this.holdings.find();
    if (!held) return;
    const { lease, epochs } = held;
    for (const { lane } of driven) {
      // Such as those of bots that were deleted: they end without another byte.
      if (lane.lease === lease && epochs.get(lane.bot.botNo) !== lane.epoch) lane.finish({ kind: 'lost' });
    }
    // Taken once more, as whoever takes a dead owner's lane: what somebody left open in it is closed first.
    await this.begin([...epochs.keys()].filter((botNo) => !this.isKnown(botNo)));
  }

  private isKnown(botNo: string): boolean {
    return this.lanes.has(botNo) || this.beginning.has(botNo) || this.ending.has(botNo);
  }

  private loseAll(lease: Lease): void {
    for (const { lane } of this.lanes.values()) if (lane.lease === lease) lane.finish({ kind: 'lost' });
  }

  private async closeStrays({ bot, epoch }: Lane): Promise<void> {
    const closed = await this.leases.closeOpenAttempts(bot.botNo, epoch, RESEND_UNKNOWN_AFTER_MS);
    this.logger.warn(`closed ${closed} attempts of bot ${bot.botId} of which nobody would have heard`);
  }

  private doubt(lane: Lane): void {
    if (this.doubted.size === 0) {
      setTimeout(() => {
        const lanes = [...this.doubted];
        this.doubted.clear();
        void this.renew().then(() => lanes.forEach((doubted) => doubted.noticeMore()));
      }, 10);
    }
    this.doubted.add(lane);
  }

  /** While others wait for a place, lanes that had their slice make room, and come back to the line. */
  private makeRoom(): void {
    const driven = [...this.lanes.values()];
    const leaving = this.places.makeRoom(driven.map(({ place }) => place));
    for (const { lane, place } of driven) if (leaving.has(place)) lane.finish({ kind: 'yielded' });
  }

  private askIdleToLeave(): void {
    const [lane] = this.idle;
    if (!lane) return;
    this.idle.delete(lane);
    setImmediate(() => lane.leave());
  }

  private noteIdle(lane: Lane, isIdle: boolean): void {
    if (!isIdle) this.idle.delete(lane);
    else if (this.places.isWanted) setImmediate(() => lane.leave());
    else this.idle.add(lane);
  }

  /** Processes without places take up wakes too, so that all tenants stand in their lines. */
  private async callForRelief(): Promise<void> {
    if (this.places.isWanted) await this.askOthers();
  }

  private async askOthers(): Promise<void> {
    try {
      await this.database.query('SELECT pg_notify($1, $2)', [RELIEF_CHANNEL, '']);
    } catch (error) {
      this.logger.error(error, 'other processes could not be told that lanes wait; told again soon');
    }
  }

  /** Takes lanes that stand in the line of another process. */
  private async relieveOthers(): Promise<void> {
    if (this.places.freeCount === 0 || this.clocks.isHolding) return;
    try {
      await this.begin(await this.repository.findForsaken(this.places.freeCount));
    } catch (error) {
      this.logger.error(error, 'lanes that nobody drives could not be looked for; the next look finds them');
    }
  }

  private async noteRest(lane: Lane, restMs: number): Promise<void> {
    try {
      await this.leases.noteRest(lane.bot.botNo, lane.epoch, restMs, lane.memory());
    } catch (error) {
      this.logger.error(error, 'a rest could not be noted; this process keeps it all the same');
    }
  }
}

/** What its log lines are about. */
const idsOf = ({ bot }: Lane, delivery?: QueuedDelivery): LogContext => ({
  tenantId: bot.tenantId,
  botId: bot.botId,
  ...(delivery?.class === DELIVERY_CLASS.broadcast && { broadcastNo: delivery.sourceNo }),
});
