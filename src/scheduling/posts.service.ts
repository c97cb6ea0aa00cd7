import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { AudienceService } from '../audience/index.js';
import { TenantDatabase } from '../platform/database/index.js';
import { conflict, invalidField, notFound, withinField } from '../platform/errors/index.js';
import { IdempotencyService, type IdempotentRequest } from '../platform/http/index.js';
import { type Caller } from '../platform/identity/index.js';
import { AuditLog } from '../tenants/index.js';
import {
  type AddPosts,
  MOST_WAITING_POSTS,
  type MovePost,
  type NewPost,
  type PostList,
  type PostQueueView,
  type PostView,
  type SetSlots,
} from './post.dto.js';
import { type PostQueueRow, PostQueuesRepository } from './post-queues.repository.js';
import { describeLocally, instantOf } from './rules/local-time.rules.js';
import { describeSlot, findFreeSlots, isSlot, type WeeklySlots } from './rules/post-slots.rules.js';
import { slotTaken } from './rules/schedule-choice.rules.js';
import { ScheduleCreation } from './schedule-creation.service.js';
import { ScheduleService } from './schedule.service.js';
import { type ScheduleRow, SchedulesRepository } from './schedules.repository.js';

const FREE_SLOTS_SHOWN = 10;
const USUAL_NAME = 'Post';

/**
 * Posts that wait for the slots of a chat. Each is a schedule with one time, so that all that holds for schedules holds for
 * it; the queue alone decides that no two have the same time.
 */
@Injectable()
export class PostsService {
  constructor(
    private readonly database: TenantDatabase,
    private readonly idempotency: IdempotencyService,
    private readonly queues: PostQueuesRepository,
    private readonly schedules: ScheduleService,
    private readonly creation: ScheduleCreation,
    private readonly rows: SchedulesRepository,
    private readonly audience: AudienceService,
    private readonly audit: AuditLog,
  ) {}

  /** Posts that wait keep their times; the answer names those that stand on no slot any more. */
  setSlots(caller: Caller, chatId: string, { slots, timeZone }: SetSlots): Promise<PostQueueView> {
    return this.database.run(caller.tenantId, async (manager) => {
      await this.assertChat(manager, chatId);
      const clock = await this.rows.readClock(manager, caller.tenantId);
      const queue = await this.queues.set(manager, caller.tenantId, chatId, {
        slots,
        timeZone: timeZone ?? clock.timeZone,
      });
      const view = await this.view(manager, queue, clock.now);
      await this.audit.record(manager, {
        actor: caller.actor,
        action: 'slots.set',
        subject: { kind: 'chat', id: chatId },
      });
      return view;
    });
  }

  findQueue(caller: Caller, chatId: string): Promise<PostQueueView> {
    return this.database.run(caller.tenantId, async (manager) => {
      await this.assertChat(manager, chatId);
      const { now, timeZone } = await this.rows.readClock(manager, caller.tenantId);
      const queue = await this.queues.find(manager, chatId);
      if (queue) return this.view(manager, queue, now);
      return { chatId, timeZone, slots: [], nextFreeSlots: [], waiting: 0, offSlot: [] };
    });
  }

  findWaiting(caller: Caller, chatId: string): Promise<PostList> {
    return this.database.run(caller.tenantId, async (manager) => {
      await this.assertChat(manager, chatId);
      const queue = await this.queues.find(manager, chatId);
      if (!queue) return { posts: [] };
      const posts = await this.rows.findWaitingPosts(manager, queue.id);
      return { posts: posts.map((row) => toView(row, weekOf(queue))) };
    });
  }

  /** All of them or none, in the order of the list. */
  add(caller: Caller, request: IdempotentRequest, chatId: string, { posts }: AddPosts): Promise<PostList> {
    return this.idempotency.run(caller, request, async (manager) => {
      await this.assertChat(manager, chatId);
      const { now, timeZone } = await this.rows.readClock(manager, caller.tenantId);
      const queue = await this.queues.lockOrCreate(manager, caller.tenantId, chatId, timeZone);
      const waiting = await this.rows.findWaitingPosts(manager, queue.id);
      if (waiting.length + posts.length > MOST_WAITING_POSTS)
        throw conflict(
          'queue_full',
          `${MOST_WAITING_POSTS} posts can wait for a chat, and ${waiting.length} do; wait until some are sent, or take some out.`,
        );
      const times = chooseTimes(posts, weekOf(queue), now, takenBy(waiting));
      const added: PostView[] = [];
      for (const [n, post] of posts.entries()) {
        const row = await this.addOne(manager, caller, queue, post, times[n]!).catch((error: unknown) => {
          throw withinField(error, `posts.${n}`);
        });
        added.push(toView(row, weekOf(queue)));
      }
      return { posts: added };
    });
  }

  /** To a free slot or to a time of its own; what it had is free. */
  move(caller: Caller, chatId: string, id: string, wish: MovePost): Promise<PostView> {
    return this.database.run(caller.tenantId, async (manager) => {
      const post = await this.lockPost(manager, chatId, id);
      const queue = await this.queues.lock(manager, chatId);
      if (!queue) throw notFound('post');
      const week = weekOf(queue);
      const { now } = await this.rows.readClock(manager, caller.tenantId);
      const others = (await this.rows.findWaitingPosts(manager, queue.id)).filter(
        (one) => one.id !== post.id,
      );
      const taken = takenBy(others);
      const after = wish.nextFreeSlotAfter ? instantOf(wish.nextFreeSlotAfter, week.timeZone) : now;
      const at =
        wish.at === undefined
          ? chooseFreeSlots(week, latest(now, after), taken, 1)[0]!
          : chooseOwnTime(wish.at, week, now, taken, 'at');
      await this.schedules.change(caller, id, { rule: ruleAt(at, week), timeZone: week.timeZone });
      return toView(await this.rows.lockByIdOrThrow(manager, id), week);
    });
  }

  /** Its slot is free again. */
  async remove(caller: Caller, chatId: string, id: string): Promise<void> {
    await this.database.run(caller.tenantId, async (manager) => {
      await this.lockPost(manager, chatId, id);
      await this.schedules.delete(caller, id);
    });
  }

  private addOne(
    manager: EntityManager,
    caller: Caller,
    queue: PostQueueRow,
    { name, at: _at, ...post }: NewPost,
    at: Date,
  ): Promise<ScheduleRow> {
    const week = weekOf(queue);
    return this.creation.createInTransaction(
      manager,
      caller,
      {
        ...post,
        name: name ?? USUAL_NAME,
        audience: { to: 'chats', chatIds: [queue.chat_id] },
        rule: ruleAt(at, week),
        timeZone: week.timeZone,
      },
      queue.id,
    );
  }

  private async view(manager: EntityManager, queue: PostQueueRow, now: Date): Promise<PostQueueView> {
    const week = weekOf(queue);
    const waiting = await this.rows.findWaitingPosts(manager, queue.id);
    const posts = waiting.map((row) => toView(row, week));
    return {
      chatId: queue.chat_id,
      timeZone: queue.time_zone,
      slots: queue.slots,
      nextFreeSlots: findFreeSlots(week, now, takenBy(waiting), FREE_SLOTS_SHOWN).map((slot) =>
        describeSlot(week, slot),
      ),
      waiting: posts.length,
      offSlot: posts.filter(({ isOnSlot }) => !isOnSlot),
    };
  }

  private async assertChat(manager: EntityManager, chatId: string): Promise<void> {
    if (!(await this.audience.isKnown(manager, chatId))) throw notFound('chat');
  }

  /** One that waits for the chat, held before its queue, as in every change of a schedule. */
  private async lockPost(manager: EntityManager, chatId: string, id: string): Promise<ScheduleRow> {
    await this.assertChat(manager, chatId);
    const queue = await this.queues.find(manager, chatId);
    const row = queue && (await this.rows.lockByIds(manager, [id]))[0];
    if (!row || row.queue_id !== queue.id) throw notFound('post');
    if (row.state === 'ended')
      throw conflict('post_over', 'Its time has come already; its schedule tells what became of it.');
    return row;
  }
}

const weekOf = ({ slots, time_zone: timeZone }: PostQueueRow): WeeklySlots => ({ slots, timeZone });

const takenBy = (rows: readonly ScheduleRow[]): Set<number> =>
  new Set(rows.flatMap((row) => row.post_at?.getTime() ?? []));

const latest = (one: Date, other: Date): Date => (one > other ? one : other);

/** With its offset, so that a time that clocks show twice stays the one of the two that it is. */
function ruleAt(at: Date, { timeZone }: WeeklySlots): { kind: 'once'; at: string } {
  const { localTime, offset } = describeLocally(at, timeZone);
  return { kind: 'once', at: `${localTime}${offset}` };
}

/** Times of their own first, so that nobody who takes the next free slot takes one of these. */
function chooseTimes(
  posts: readonly NewPost[],
  week: WeeklySlots,
  now: Date,
  taken: ReadonlySet<number>,
): Date[] {
  const all = new Set(taken);
  const own = posts.map(({ at }, n) => {
    if (at === undefined) return undefined;
    const chosen = chooseOwnTime(at, week, now, all, `posts.${n}.at`);
    all.add(chosen.getTime());
    return chosen;
  });
  const slots = chooseFreeSlots(week, now, all, own.filter((one) => one === undefined).length);
  return own.map((one) => one ?? slots.shift()!);
}

function chooseOwnTime(
  written: string,
  { timeZone }: WeeklySlots,
  now: Date,
  taken: ReadonlySet<number>,
  field: string,
): Date {
  // The clocks of a zone are read to the second.
  const at = new Date(Math.floor(instantOf(written, timeZone).getTime() / 1_000) * 1_000);
  if (at <= now) throw invalidField(field, 'in_the_past', 'This time has passed; choose a later one.');
  if (taken.has(at.getTime())) throw slotTaken();
  return at;
}

function chooseFreeSlots(week: WeeklySlots, after: Date, taken: ReadonlySet<number>, count: number): Date[] {
  const slots = findFreeSlots(week, after, taken, count);
  if (slots.length < count) throw withoutSlots();
  return slots;
}

const withoutSlots = () =>
  conflict(
    'no_slots',
    'This chat has no slots; set them with PUT /chats/{id}/slots, or give each post a time.',
  );

function toView(row: ScheduleRow, week: WeeklySlots): PostView {
  if (!row.post_at) throw new Error(`Schedule ${row.id} is no post.`);
  return {
    id: row.id,
    name: row.name,
    messageId: row.message_id,
    state: row.state,
    ...describeSlot(week, row.post_at),
    timeZone: week.timeZone,
    isOnSlot: isSlot(week, row.post_at),
    pin: row.pin,
    deletePrevious: row.delete_previous === true,
    deleteAfterSeconds: row.delete_after_seconds,
  };
}
