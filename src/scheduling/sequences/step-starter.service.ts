import { Injectable, Logger } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { BroadcastService } from '../../delivery/index.js';
import { ClockWatch } from '../../platform/clock-watch/index.js';
import { TenantDatabase } from '../../platform/database/index.js';
import { type TenantId } from '../../platform/identity/index.js';
import { isQuotaExceeded } from '../../tenants/index.js';
import { QuietHoursRepository } from '../quiet-hours.repository.js';
import { decideQuiet, type QuietDecision, type QuietHours } from '../rules/quiet-hours.rules.js';
import { type DueSequence } from './due-sequences.repository.js';
import { EnrollmentsRepository } from './enrollments.repository.js';
import { decideStep, standBehind, type StepDecision, type StepSkipReason } from './sequence.rules.js';
import { SequencesRepository, type StepRow } from './sequences.repository.js';
import { type StepRun, type TravellerRow, TravellersRepository } from './travellers.repository.js';

/** People of one transaction, and so of one broadcast: an audience names a thousand chats at most. */
export const MOST_PEOPLE = 1_000;

type DecidedTraveller = StepDecision & { readonly traveller: TravellerRow };

/**
 * Sends steps that are due. Broadcasts, where each person stands, and the history are committed together: whoever dies in
 * between has done nothing, and whoever comes later finds it done.
 */
@Injectable()
export class StepStarter {
  private readonly logger = new Logger(StepStarter.name);

  constructor(
    private readonly database: TenantDatabase,
    private readonly travellers: TravellersRepository,
    private readonly enrollments: EnrollmentsRepository,
    private readonly sequences: SequencesRepository,
    private readonly quietHours: QuietHoursRepository,
    private readonly broadcasts: BroadcastService,
    private readonly clocks: ClockWatch,
  ) {}

  /** @returns how many people it took in hand: {@link MOST_PEOPLE} where there may be more */
  startDue({ no, tenantId }: DueSequence): Promise<number> {
    return this.database.run(tenantId, async (manager) => {
      const mayBeginBy = this.clocks.beginReading();
      const sequence = await this.travellers.hold(manager, no);
      if (!sequence || !mayBeginBy(sequence.now)) return 0;
      const travellers = await this.travellers.claimDue(manager, no, MOST_PEOPLE);
      if (travellers.length === 0) return 0;
      const steps = await this.sequences.findSteps(manager, [sequence.id]);
      const quietOf = quietReader(await this.quietHours.findAll(manager), sequence.now);
      const decided = travellers.map((traveller) => ({
        traveller,
        ...this.readably(traveller, () =>
          decideStep(traveller, steps, {
            now: sequence.now,
            graceSeconds: sequence.grace_seconds,
            quiet: quietOf(traveller),
          }),
        ),
      }));
      const runs: StepRun[] = [];
      for (const step of steps) runs.push(...(await this.start(manager, tenantId, step, decided)));
      if (runs.length > 0) await this.travellers.record(manager, sequence.id, runs);
      await this.enrollments.move(
        manager,
        no,
        decided.map(({ traveller: { chatNo }, state, passed, dueAt }) => ({ chatNo, state, passed, dueAt })),
      );
      return travellers.length;
    });
  }

  /** After a change of the steps: when those who are on the way have theirs now. @returns as {@link startDue} */
  timeAgain({ no, tenantId }: DueSequence): Promise<number> {
    return this.database.run(tenantId, async (manager) => {
      const afterNo = await this.travellers.holdRetiming(manager, no);
      const sequence = afterNo === undefined ? undefined : await this.travellers.hold(manager, no);
      if (afterNo === undefined || !sequence) return 0;
      const travellers = await this.travellers.takeNext(manager, no, afterNo, MOST_PEOPLE);
      const steps = await this.sequences.findSteps(manager, [sequence.id]);
      await this.enrollments.move(
        manager,
        no,
        travellers.map((one) => ({
          chatNo: one.chatNo,
          ...this.readably(one, () => standBehind(one.passed, steps, one)),
        })),
      );
      const isDone = travellers.length < MOST_PEOPLE;
      await this.travellers.noteRetimed(manager, no, isDone ? null : (travellers.at(-1)?.chatNo ?? null));
      return travellers.length;
    });
  }

  /** One bad row, such as a zone that nobody knows, is out of the sequence and holds up nobody. */
  private readably(traveller: TravellerRow, decide: () => StepDecision): StepDecision {
    try {
      return decide();
    } catch (error) {
      this.logger.error(error, `chat ${traveller.chatId} leaves a sequence`);
      return { state: 'left', passed: traveller.passed, dueAt: null };
    }
  }

  /** What becomes of one step: a broadcast to those to whom it goes, and a row of history for each other outcome. */
  private async start(
    manager: EntityManager,
    tenantId: TenantId,
    step: StepRow,
    decided: readonly DecidedTraveller[],
  ): Promise<StepRun[]> {
    const runs: StepRun[] = [];
    const ofStep = decided.filter(({ due }) => due?.step.id === step.id);
    for (const reason of new Set(ofStep.map(({ due }) => due?.skipReason))) {
      const people = ofStep.filter(({ due }) => due?.skipReason === reason).map(({ traveller }) => traveller);
      const dueAt = people.reduce((first, { dueAt }) => (dueAt < first ? dueAt : first), people[0]!.dueAt);
      const sent = reason === undefined ? await this.send(manager, tenantId, step, people, dueAt) : null;
      const skipReason: StepSkipReason | null = reason ?? (sent === null ? 'quota_exceeded' : null);
      runs.push({ stepId: step.id, dueAt, chats: people.length, skipReason, broadcastId: sent });
    }
    return runs;
  }

  /** @returns the broadcast's id; null where the tenant's plan doesn't allow it */
  private async send(
    manager: EntityManager,
    tenantId: TenantId,
    { message_id: messageId, sequence_id: sequenceId }: StepRow,
    people: readonly TravellerRow[],
    dueAt: Date,
  ): Promise<string | null> {
    const chatIds = people.flatMap(({ chatId }) => chatId ?? []);
    try {
      const audience = { to: 'chats' as const, chatIds };
      const { id } = await this.broadcasts.startInTransaction(manager, tenantId, {
        ...{ messageId, sequenceId, audience, dueAt },
      });
      return id;
    } catch (error) {
      if (isQuotaExceeded(error)) return null;
      throw error;
    }
  }
}

/** What quiet hours make of a message to somebody now; people of one bot and zone share the answer. */
function quietReader(
  quietHours: readonly QuietHours[],
  now: Date,
): (traveller: TravellerRow) => QuietDecision | null {
  const known = new Map<string, QuietDecision | null>();
  return ({ botId, timeZone }) => {
    if (quietHours.length === 0 || botId === null) return null;
    const key = `${botId} ${timeZone}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const decision = decideQuiet(quietHours, { to: 'everybody', botIds: [botId] }, timeZone, now);
    known.set(key, decision);
    return decision;
  };
}
