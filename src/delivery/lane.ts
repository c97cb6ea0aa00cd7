import { type ConnectedBot } from '../bots/index.js';
import { type Clock } from '../platform/clock/index.js';
import { type BotApiClient, type BotApiOutcome } from '../telegram/index.js';
import { type Contents, type PreparedCall, type PreparedDelivery } from './contents.js';
import {
  backOffMs,
  type Consequence,
  DELIVERY_CLASS,
  type Settlement,
  tiredAfter,
  TRY_AGAIN,
  type Verdict,
} from './delivery.rules.js';
import { type Attempt, deliveryKey, type SettledAttempt } from './journal.repository.js';
import { type IntentHolder, type Journal } from './journal.js';
import { type Lease } from './lane-owner.js';
import { type LanePace, type LanePaceMemory } from './lane-pace.rules.js';
import { type LaneRepository, PAID_PREFETCH, PREFETCH, type QueuedDelivery } from './lane.repository.js';

/** Why a lane ended, and when it is worth driving again (undefined: when somebody wakes it). */
export type LaneEnd =
  | { readonly kind: 'empty'; readonly nextInMs: number | undefined }
  | { readonly kind: 'yielded' }
  | { readonly kind: 'resting'; readonly nextInMs: number }
  | { readonly kind: 'lost' }
  | { readonly kind: 'stopped' };

/** What a lane asks of the rest of the room while it runs. */
export interface LaneSurroundings {
  readonly clock: Clock;
  readonly client: BotApiClient;
  readonly journal: Journal;
  readonly repository: LaneRepository;
  readonly contents: Contents;
  /** Carries out what an outcome means beyond its row; the row is settled after it. */
  follow(lane: Lane, delivery: QueuedDelivery, consequence: Consequence): Promise<void>;
  /** Tells every process that the bot rests. */
  noteRest(lane: Lane, restMs: number): Promise<void>;
  /** A delivery is settled; its broadcast may be at its end. */
  noteSettled(delivery: QueuedDelivery): void;
  /** It leaves now, for the first time or once more. */
  noteLeaving(delivery: PreparedDelivery): void;
  report(lane: Lane, error: unknown): void;
  /** Closes attempts that stand as open although none is under way. */
  closeStrays(lane: Lane): Promise<void>;
  /** Asks the database whether the lane is still ours; ends it where it isn't. */
  doubt(lane: Lane): void;
  /** A lane has nothing to do, or has again. */
  noteIdle(lane: Lane, isIdle: boolean): void;
}

/** Calls of one bot that may be under way where no pace limits them. */
const MOST_IN_FLIGHT = 64;
/** At 1,000 a second with answers that take half a second. */
const MOST_PAID_IN_FLIGHT = 512;
/** A rest shorter than this is waited out; a longer one gives the place to somebody else. */
const PATIENCE_MS = 2_000;
/** Read at most while chats at their limit stand in front. */
const MOST_HELD = 2_000;
/** How long a lane stays with nothing to do, where nobody wants its place. */
const LINGER_MS = 1_000;
/** A broadcast whose content was refused is stopped within this, or soon after. */
const REFUSED_REREAD_MS = 250;
/** What is left could not be asked for. */
const LOOK_AGAIN_MS = 1_000;
/** Looked at this often whether a lease that is over by our clocks is prolonged. */
const LEASE_LOOK_MS = 250;
/** setTimeout fires up to a millisecond early. */
const TIMER_SLACK_MS = 1;

/**
 * One bot's deliveries, driven by the process that holds the lane's lease: reads ahead, lets each go when the pace
 * allows it and the journal has its intent, and settles the answers. Ends when nothing waits any more.
 */
export class Lane implements IntentHolder {
  private waiting: PreparedDelivery[] = [];
  /** Deliveries that are here already, whatever the database still says of them. */
  private readonly here = new Map<string, PreparedDelivery>();
  private inFlight = 0;
  private isReading = false;
  /** True where the last reading left nothing in the database and nobody has told of more since. */
  private isReadToTheEnd = false;
  /** Somebody told of an answer since the last reading began. */
  private hasNotice = false;
  /** Something that was read is paid for: then more is read ahead, and more is under way. */
  private hasPaid = false;
  /** The last reading found nothing but what is here; only what leaves can make room for more. */
  private isReadInVain = false;
  /** Nothing of what waits may leave now although the bot may: the limits of its chats hold it. */
  private isHeldByChats = false;
  /** Nobody waits for what is still going up: an upload that is cut off was surely not sent. */
  private isCut = false;
  private timer: NodeJS.Timeout | undefined;
  /** On the monotonic clock: when the timer wakes the lane. */
  private timerAtMs = Infinity;
  /** The soonest of the instants at which more can be found. */
  private reread: { readonly atMs: number; readonly timer: NodeJS.Timeout } | undefined;
  /** Nothing waits: until the timer fires, or somebody tells of more. */
  private idle: { readonly nextAtMs: number | undefined; readonly timer: NodeJS.Timeout } | undefined;
  private end: LaneEnd | undefined;
  private resolveEnd: ((end: LaneEnd) => void) | undefined;

  constructor(
    readonly bot: ConnectedBot,
    readonly lease: Lease,
    readonly epoch: string,
    readonly pace: LanePace,
    private readonly around: LaneSurroundings,
  ) {}

  /** Drives the lane to its end; everything that left is settled by then. */
  run(): Promise<LaneEnd> {
    return new Promise((resolve) => {
      this.resolveEnd = resolve;
      this.pump();
    });
  }

  /** Telegram told the bot to wait, in an answer to a call that is no delivery. */
  rest(restMs: number): void {
    this.pace.rest(this.around.clock.monotonicMs() + restMs);
    this.pump();
  }

  /** What the next owner should know of the pace. */
  memory(): LanePaceMemory | undefined {
    return this.pace.remember(this.around.clock.monotonicMs());
  }

  /** Somebody queued more, which has its turn after what was read ahead. */
  noticeMore(): void {
    this.stopLingering();
    this.isReadToTheEnd = false;
    this.isReadInVain = false;
    this.pump();
  }

  /** Somebody queued an answer to a person, which passes what was read ahead: read at once. */
  noticeAnswer(): void {
    this.hasNotice = true;
    this.noticeMore();
  }

  /** Starts nothing more; the lane ends once its calls are settled. */
  finish(end: LaneEnd): void {
    this.stopLingering();
    this.end ??= end;
    if (end.kind === 'lost' || end.kind === 'stopped') this.isCut = true;
    // What never left goes back to being nobody's.
    for (const { key } of this.waiting.splice(0)) this.here.delete(key);
    this.pump();
  }

  /** Drops what waits of a broadcast that was paused or has ended, which the journal would refuse one by one. */
  dropBroadcast(sourceNo: string): void {
    this.waiting = this.waiting.filter(({ key, row }) => {
      const isDropped = row.class === DELIVERY_CLASS.broadcast && row.sourceNo === sourceNo;
      if (isDropped) this.here.delete(key);
      return !isDropped;
    });
    this.pump();
  }

  onIntentDecided(attempt: Attempt, mayLeave: boolean): void {
    const delivery = this.here.get(deliveryKey(attempt));
    if (!delivery) throw new Error('An intent came back that this lane never had.');
    if (!mayLeave) {
      // Paused, cancelled or stopped meanwhile, or the lane is lost; only the database knows which.
      const now = this.around.clock.monotonicMs();
      this.pace.finish(now, { kind: 'notSent', cause: 'withdrawn' }, delivery);
      delivery.abandon();
      this.forget(delivery);
      this.around.doubt(this);
      return;
    }
    const call = this.prepare(delivery, attempt);
    if (!call) return;
    this.around.noteLeaving(delivery);
    void this.around.client
      .call({
        apiRoot: this.bot.apiRoot,
        token: this.bot.token,
        method: call.method,
        parameters: call.parameters,
        ...(call.upload && { upload: call.upload }),
        notAfterMonotonicMs: () => (this.isCut ? 0 : this.lease.deadlineMs),
      })
      .then((outcome) => this.onAnswer(delivery, attempt, call, outcome));
  }

  /** A message that can't be made into a call fails alone: thrown here, it would end the journal of all lanes. */
  private prepare(delivery: PreparedDelivery, attempt: Attempt): PreparedCall | undefined {
    try {
      return delivery.call();
    } catch (error) {
      this.around.report(this, error);
      this.pace.finish(this.around.clock.monotonicMs(), { kind: 'notSent', cause: 'withdrawn' }, delivery);
      delivery.abandon();
      const settlement = {
        state: 'failed',
        reason: 'unusable_content',
        messageId: null,
        delayMs: 0,
      } as const;
      this.around.journal.settle({ attempt, settlement }, this);
      return undefined;
    }
  }

  onSettled({ attempt, settlement }: SettledAttempt): void {
    // Only now: until it is committed a reading would not find it.
    if (settlement.state === 'queued') this.rereadIn(settlement.delayMs);
    const delivery = this.here.get(deliveryKey(attempt));
    if (delivery) this.forget(delivery);
  }

  private onAnswer(
    delivery: PreparedDelivery,
    attempt: Attempt,
    call: PreparedCall,
    outcome: BotApiOutcome,
  ): void {
    const now = this.around.clock.monotonicMs();
    const outages = this.pace.outages;
    const rest = this.pace.finish(now, outcome, delivery);
    const lesson = call.learn?.(outcome);
    const verdict = tiredAfter(
      lesson?.isTriedAgain ? TRY_AGAIN : delivery.judge(outcome, Math.random()),
      attempt.attempt,
    );
    if (this.pace.outages > outages) this.backOff(now);
    // What a chat asked for outlives this process; a shorter one whoever comes after waits out anyway.
    if (rest?.scope === 'chat' && rest.untilMs - now > PATIENCE_MS) void this.around.noteRest(this, 0);
    if (lesson?.kept) {
      // Until the lane is let go, so that its next owner finds the file_id.
      void lesson.kept.then(() => this.followThenSettle(delivery, attempt, verdict));
    } else if (verdict.consequence.kind === 'none' || rest?.scope === 'chat') {
      this.settle(attempt, verdict.settlement);
    } else {
      void this.followThenSettle(delivery, attempt, verdict);
    }
    this.pump();
  }

  private settle(attempt: Attempt, settlement: Settlement): void {
    this.around.journal.settle({ attempt, settlement }, this);
  }

  private async followThenSettle(
    delivery: PreparedDelivery,
    attempt: Attempt,
    { settlement, consequence }: Verdict,
  ): Promise<void> {
    await this.around.follow(this, delivery.row, consequence);
    this.settle(attempt, settlement);
  }

  /** The Bot API is away for everybody: the whole lane waits, longer each time, whoever drives it next. */
  private backOff(now: number): void {
    const delayMs = backOffMs(this.pace.outages, Math.random());
    this.pace.rest(now + delayMs);
    if (delayMs > PATIENCE_MS) void this.around.noteRest(this, delayMs);
  }

  private readonly wake = (): void => this.pump();

  /** Does whatever can be done now: lets deliveries go, reads more, sets a timer, or ends. */
  private pump(): void {
    if (!this.resolveEnd) return;
    if (!this.end) this.letGo();
    if (!this.end && !this.isReading && this.isReadingDue()) void this.read();
    if (this.inFlight > 0 || this.isReading) return;
    if (this.end) this.conclude(this.end);
    else if (this.waiting.length === 0 && this.isReadToTheEnd && !this.idle) void this.concludeEmpty();
  }

  private isReadingDue(): boolean {
    if (this.hasNotice) return true;
    if (this.isReadToTheEnd || this.isReadInVain) return false;
    if (this.isHeldByChats && this.waiting.length < MOST_HELD) return true;
    return !this.hasReady(this.prefetch / 2);
  }

  /** Chats at their limit keep no others back: then it is read on behind them. */
  private get prefetch(): number {
    const usual = this.hasPaid ? PAID_PREFETCH : PREFETCH;
    return this.isHeldByChats ? Math.min(MOST_HELD, Math.max(usual, this.here.size * 4)) : usual;
  }

  /** Claims that so many could leave at once; what waits for a file that is going up holds up nothing else. */
  private hasReady(count: number): boolean {
    let missing = count;
    for (const delivery of this.waiting) {
      if (delivery.isReady) missing -= 1;
      if (missing <= 0) return true;
    }
    return missing <= 0;
  }

  /** Starts every delivery whose time has come; sets the timer for the next one. */
  private letGo(): void {
    const now = this.around.clock.monotonicMs();
    // Nothing could leave: until the lease is prolonged, or found over.
    if (now >= this.lease.deadlineMs) return this.wakeAt(now + LEASE_LOOK_MS, LEASE_LOOK_MS);
    for (;;) {
      const mostInFlight = this.hasPaid ? MOST_PAID_IN_FLIGHT : MOST_IN_FLIGHT;
      if (this.waiting.length === 0 || this.inFlight >= mostInFlight) return;
      const botMs = this.pace.earliestStart(now, this.hasPaid);
      const next = botMs > now ? { atMs: botMs, position: -1 } : this.findReady(now);
      this.isHeldByChats = botMs <= now && next.atMs > now && next.atMs !== Infinity;
      if (next.atMs > now) {
        const delayMs = next.atMs - now;
        // Behind chats at their limit there may be somebody else's message.
        const hasMore = this.isHeldByChats && (this.isReading || this.isReadingDue());
        if (delayMs > PATIENCE_MS && delayMs !== Infinity && this.inFlight === 0 && !hasMore) {
          this.finish({ kind: 'resting', nextInMs: delayMs });
        } else if (delayMs !== Infinity) {
          this.wakeAt(next.atMs, delayMs);
        }
        return;
      }
      const [delivery] = this.waiting.splice(next.position, 1);
      if (delivery) this.startOrSkip(delivery, now);
    }
  }

  /** A lane is looked at with every answer: a timer that wakes it early enough already is left as it is. */
  private wakeAt(atMs: number, delayMs: number): void {
    if (this.timer && this.timerAtMs <= atMs) return;
    clearTimeout(this.timer);
    this.timerAtMs = atMs;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.pump();
    }, delayMs + TIMER_SLACK_MS);
  }

  /** The first waiting delivery whose chat may be called now; else the earliest instant for one. */
  private findReady(now: number): { atMs: number; position: number } {
    let earliestMs = Infinity;
    for (let position = 0; position < this.waiting.length; position += 1) {
      const delivery = this.waiting[position]!;
      if (!delivery.isReady) {
        delivery.callWhenReady(this.wake);
        continue;
      }
      const atMs = this.pace.earliestStartOf(now, delivery);
      if (atMs <= now) return { atMs, position };
      earliestMs = Math.min(earliestMs, atMs);
    }
    return { atMs: earliestMs, position: -1 };
  }

  private startOrSkip(delivery: PreparedDelivery, now: number): void {
    // Its file may have been deleted while it waited.
    const { skipReason } = delivery;
    if (skipReason === null) this.start(delivery, now);
    else this.skip(delivery, skipReason);
  }

  private skip(delivery: PreparedDelivery, reason: string): void {
    this.inFlight += 1;
    void this.around.journal.skip({ ...delivery.row, reason }).then(() => this.forget(delivery));
  }

  private start(delivery: PreparedDelivery, now: number): void {
    this.inFlight += 1;
    this.pace.start(now, delivery);
    delivery.begin();
    const { row } = delivery;
    this.around.journal.intend(
      {
        plannedOn: row.plannedOn,
        class: row.class,
        sourceNo: row.sourceNo,
        chatNo: row.chatNo,
        owner: this.lease.owner,
        epoch: this.epoch,
        attempt: row.attempt + 1,
      },
      this,
    );
  }

  private async read(): Promise<void> {
    this.isReading = true;
    this.isReadToTheEnd = true;
    this.hasNotice = false;
    try {
      const most = this.prefetch;
      const found = await this.around.repository.findQueued(this.bot.botNo, most);
      const fresh = found.filter((row) => !this.here.has(deliveryKey(row)));
      const prepared = await this.around.contents.load(this.bot, fresh);
      const usable = prepared.filter(({ isRefused }) => !isRefused);
      if (!this.end) this.take(usable);
      // What somebody told of meanwhile may have come after what was read.
      this.isReadInVain = usable.length === 0 && this.isReadToTheEnd;
      if (found.length >= most) this.isReadToTheEnd = false;
      // What is refused is about to be cancelled: looked at again then, and not at once.
      if (usable.length < prepared.length) this.rereadIn(REFUSED_REREAD_MS);
    } catch (error) {
      // What is queued stays queued. The lane stays too: where it is another's by then, the lease says so.
      this.isReadToTheEnd = false;
      this.isReadInVain = true;
      this.rereadIn(LOOK_AGAIN_MS);
      this.around.report(this, error);
    } finally {
      this.isReading = false;
    }
    this.pump();
  }

  private take(fresh: readonly PreparedDelivery[]): void {
    for (const delivery of fresh) {
      this.hasPaid ||= delivery.isPaid;
      const { skipReason } = delivery;
      this.here.set(delivery.key, delivery);
      if (skipReason === null) this.waiting.push(delivery);
      else this.skip(delivery, skipReason);
    }
    // What is urgent passes broadcasts that were read before it.
    if (fresh.some(isUrgent)) {
      this.waiting = [
        ...this.waiting.filter(isUrgent),
        ...this.waiting.filter((delivery) => !isUrgent(delivery)),
      ];
    }
  }

  private forget(delivery: PreparedDelivery): void {
    this.here.delete(delivery.key);
    this.isReadInVain = false;
    this.inFlight -= 1;
    this.around.noteSettled(delivery.row);
    this.pump();
  }

  private rereadIn(delayMs: number): void {
    if (delayMs > PATIENCE_MS || this.end) return;
    const atMs = this.around.clock.monotonicMs() + delayMs;
    if (this.reread && this.reread.atMs <= atMs) return;
    clearTimeout(this.reread?.timer);
    const timer = setTimeout(() => {
      this.reread = undefined;
      this.noticeMore();
    }, delayMs + TIMER_SLACK_MS);
    this.reread = { atMs, timer };
  }

  private async concludeEmpty(): Promise<void> {
    this.isReading = true;
    let nextInMs: number | undefined;
    try {
      const remainder = await this.around.repository.findRemainder(this.bot.botNo);
      nextInMs = remainder.nextInMs;
      // All that we know of is settled. A statement that we took for lost may have been carried out after all.
      if (remainder.hasStrays) await this.around.closeStrays(this);
    } catch (error) {
      // Not let go before it worked: what stands open here would be looked for by nobody.
      this.around.report(this, error);
      nextInMs = LOOK_AGAIN_MS;
    }
    this.isReading = false;
    if (!this.isReadToTheEnd || this.end) this.pump();
    else if (nextInMs !== undefined && nextInMs <= PATIENCE_MS) this.rereadIn(nextInMs);
    else this.linger(nextInMs);
  }

  /**
   * A bot that had something to send often has more in a moment, and to let a lane go and take it again costs more than to
   * keep it: and most when a thousand come to their end at once, while others are in the middle.
   */
  private linger(nextInMs: number | undefined): void {
    const now = this.around.clock.monotonicMs();
    this.idle = {
      nextAtMs: nextInMs === undefined ? undefined : now + nextInMs,
      timer: setTimeout(() => this.leave(), LINGER_MS),
    };
    this.around.noteIdle(this, true);
  }

  /** Ends the lane where nothing waits in it: somebody else wants its place, or it was idle for long enough. */
  leave(): void {
    const nextAtMs = this.idle?.nextAtMs;
    if (!this.stopLingering()) return;
    const nextInMs =
      nextAtMs === undefined ? undefined : Math.max(0, nextAtMs - this.around.clock.monotonicMs());
    this.conclude({ kind: 'empty', nextInMs });
  }

  private stopLingering(): boolean {
    if (!this.idle) return false;
    clearTimeout(this.idle.timer);
    this.idle = undefined;
    this.around.noteIdle(this, false);
    return true;
  }

  private conclude(end: LaneEnd): void {
    clearTimeout(this.timer);
    clearTimeout(this.reread?.timer);
    const resolve = this.resolveEnd;
    this.resolveEnd = undefined;
    resolve?.(end);
  }
}

const isUrgent = ({ isUrgent: is }: PreparedDelivery): boolean => is;
