import { type TestApplication } from '../../harness/application.js';
import { type SceneBot, type SceneTenant } from '../../harness/scene.js';
import { waitUntil } from '../bots/bot-scene.js';
import { DeliveryScene } from '../delivery/delivery-scene.js';

jest.setTimeout(120_000);

interface FollowUp {
  kind: string;
  state: string;
  reason: string | null;
  broadcastId: string | null;
  advice: string | null;
}
interface Occurrence {
  dueAt: string;
  state: string;
  reason: string | null;
  broadcastId: string | null;
  followUps: FollowUp[];
}
interface Post {
  id: string;
  dueAt: string;
  localTime: string;
  offset: string;
  isOnSlot: boolean;
  state: string;
}
interface Queue {
  slots: unknown[];
  timeZone: string;
  waiting: number;
  nextFreeSlots: { dueAt: string; localTime: string }[];
  offSlot: Post[];
}
interface Problem {
  code: string;
  detail: string;
  errors?: { field: string; code: string }[];
}

const YEARLY = { kind: 'cron', expression: '0 0 1 1 *' };
const text = (content: string) => ({ message: { kind: 'text', text: content } });

describe('posts', () => {
  let scene: DeliveryScene;
  let schedulers: TestApplication[];
  /** Two, whose tickers compete. */
  const startSchedulers = async () => {
    schedulers = [await scene.start('scheduler'), await scene.start('scheduler')];
  };
  let tenant: SceneTenant;
  let bot: SceneBot;

  beforeAll(async () => {
    scene = await DeliveryScene.open();
    await scene.start('api,worker,poller');
    await startSchedulers();
  });
  afterAll(() => scene.end());

  beforeEach(async () => {
    tenant = await scene.signUp();
    bot = await tenant.connectBot();
  });

  const occurrences = async (id: string): Promise<Occurrence[]> =>
    (await tenant.client.get<{ items: Occurrence[] }>(`/schedules/${id}/occurrences?limit=200`)).body.items;
  const create = async (more: object): Promise<string> => {
    const made = await tenant.client.post<{ id: string }>('/schedules', {
      name: 'x',
      audience: { to: 'everybody' },
      rule: YEARLY,
      timeZone: 'UTC',
      ...more,
    });
    expect(made).toMatchObject({ status: 201 });
    return made.body.id;
  };
  /** Makes it due now, tells the tickers, and waits until it was dealt with. */
  const run = async (id: string): Promise<Occurrence> => {
    const before = (await occurrences(id)).length;
    await scene.look(
      `UPDATE schedules SET next_run_at = date_trunc('milliseconds', clock_timestamp()) WHERE id = $1`,
      [id],
    );
    await scene.look('NOTIFY arauto_schedules');
    return waitUntil(async () => {
      const found = await occurrences(id);
      return found.length > before && found[0]?.state !== 'waiting' ? found[0] : undefined;
    }, 30_000);
  };
  const runAndSend = async (id: string): Promise<Occurrence & { broadcastId: string }> => {
    const occurrence = await run(id);
    if (occurrence.broadcastId === null) throw new Error(`It didn't run: ${JSON.stringify(occurrence)}`);
    await tenant.untilEnded(occurrence.broadcastId);
    return { ...occurrence, broadcastId: occurrence.broadcastId };
  };
  const followUp = (id: string, broadcastId: string, kind: string, isReached: (one: FollowUp) => boolean) =>
    waitUntil(async () => {
      const occurrence = (await occurrences(id)).find((one) => one.broadcastId === broadcastId);
      const found = occurrence?.followUps.find((one) => one.kind === kind);
      return found && isReached(found) ? found : undefined;
    }, 40_000);
  const hasStarted = ({ broadcastId }: FollowUp) => broadcastId !== null;
  const isDropped = ({ state }: FollowUp) => state === 'dropped';
  /** Messages that stand in a chat, as its people see them. */
  const calls = async (method: string) =>
    (await tenant.ledger()).filter((row) => row.method === method && row.hasEffect);
  const sentTexts = async () => (await calls('sendMessage')).map((row) => row.text);
  const age = (id: string, hours: number) =>
    scene.look(
      `UPDATE deliveries SET settled_at = settled_at - make_interval(hours => $2)
        WHERE source_no = (SELECT no FROM broadcasts WHERE id = $1) AND class = 1`,
      [id, hours],
    );

  describe('from a stack', () => {
    const stackOf = async (id: string) =>
      (
        await tenant.client.get<{ recycle: boolean; messages: { id: string; messageId: string }[] }>(
          `/schedules/${id}/stack`,
        )
      ).body;
    const texts = ['One', 'Two', 'Three'];

    it('are sent one after the other, and begin again where they are recycled', async () => {
      await tenant.addGroup(bot);
      const id = await create({ stack: { messages: texts.map(text), recycle: true } });
      expect((await tenant.client.get(`/schedules/${id}`)).body).toMatchObject({
        messageId: null,
        stack: { recycle: true },
      });
      for (let n = 0; n < 4; n++) await runAndSend(id);
      expect(await sentTexts()).toEqual(['One', 'Two', 'Three', 'One']);
    });

    it('end with the last one where they are not, and the history says so until there are more', async () => {
      await tenant.addGroup(bot);
      const id = await create({ stack: { messages: [text('Only')] } });
      await runAndSend(id);
      expect(await run(id)).toMatchObject({ state: 'skipped', reason: 'stack_empty', broadcastId: null });
      await tenant.client.post(`/schedules/${id}/stack`, { messages: [text('Later')] });
      await runAndSend(id);
      expect(await sentTexts()).toEqual(['Only', 'Later']);
      expect((await stackOf(id)).messages).toEqual([]);
    });

    it('can be added to, put in another order and taken out while it runs', async () => {
      const id = await create({ stack: { messages: [text('A'), text('B')] } });
      const added = await tenant.client.post<{ messages: { id: string; messageId: string }[] }>(
        `/schedules/${id}/stack`,
        { messages: [text('C'), text('D')], first: true },
      );
      const [c, d, a, b] = added.body.messages;
      expect(added.body.messages).toHaveLength(4);
      const ids = [b, d, a, c].map((one) => one?.id);
      const ordered = await tenant.client.put(`/schedules/${id}/stack/order`, { ids });
      expect(ordered.body).toEqual({ recycle: false, messages: [b, d, a, c] });
      expect((await tenant.client.delete(`/schedules/${id}/stack/${d?.id}`)).status).toBe(204);
      expect((await stackOf(id)).messages).toEqual([b, a, c]);
      expect(await tenant.client.put(`/schedules/${id}/stack/order`, { ids })).toMatchObject({
        status: 409,
        body: { code: 'stack_changed' },
      });
      expect(await tenant.client.delete(`/messages/${a?.messageId}`)).toMatchObject({
        status: 409,
        body: { code: 'message_in_use' },
      });
      const exported = await tenant.client.get<{ schedules: object[] }>('/schedules/export');
      expect(exported.body.schedules).toMatchObject([
        { stack: { recycle: false, messages: [b, a, c].map((one) => ({ messageId: one?.messageId })) } },
      ]);
      expect(
        (await tenant.client.post('/schedules/import', { schedules: exported.body.schedules })).status,
      ).toBe(201);
    });

    it('skip and repeat nothing, whichever of two processes starts them and however it fails', async () => {
      await tenant.addGroup(bot);
      const numbers = Array.from({ length: 24 }, (_, n) => `Tip ${n}.`);
      const id = await create({ stack: { messages: numbers.map(text) } });
      // Occurrences of one schedule that wait all at once, each for whoever takes it first; some starts fail after the step.
      await scene.look(`CREATE FUNCTION fail_now_and_then() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF NEW.state = 'started' AND nextval('starts') % 3 = 0 THEN RAISE 'the process dies here'; END IF;
           RETURN NEW; END $$`);
      await scene.look('CREATE SEQUENCE starts');
      await scene.look('GRANT USAGE ON SEQUENCE starts TO PUBLIC');
      await scene.look(
        `CREATE TRIGGER dying BEFORE UPDATE ON occurrences FOR EACH ROW EXECUTE FUNCTION fail_now_and_then()`,
      );
      try {
        await scene.look(
          `INSERT INTO occurrences (tenant_id, schedule_id, due_at, retry_at)
           SELECT tenant_id, id, date_trunc('second', clock_timestamp()) - make_interval(secs => n), clock_timestamp()
             FROM schedules, generate_series(1, 24) AS n WHERE id = $1`,
          [id],
        );
        await waitUntil(async () => {
          await scene.look(`UPDATE occurrences SET retry_at = clock_timestamp() WHERE state = 'waiting'`);
          await scene.look('NOTIFY arauto_schedules');
          return (await occurrences(id)).filter(({ state }) => state === 'started').length === 24;
        }, 90_000);
      } finally {
        await scene.look('DROP TRIGGER dying ON occurrences');
      }
      await waitUntil(async () => (await sentTexts()).length >= 24, 40_000);
      expect((await sentTexts()).sort()).toEqual([...numbers].sort());
      expect((await stackOf(id)).messages).toEqual([]);
    });

    it('are refused where they make no sense', async () => {
      const refused = async (more: object) =>
        tenant.client.post<Problem>('/schedules', {
          name: 'x',
          audience: { to: 'everybody' },
          rule: YEARLY,
          ...more,
        });
      const stack = { messages: [text('A')] };
      expect(await refused({ stack, ...text('B') })).toMatchObject({ status: 400 });
      expect(await refused({ stack, localTimeOf: 'chat' })).toMatchObject({
        status: 400,
        body: { errors: [{ field: 'stack', code: 'many_zones' }] },
      });
      const missing = '019aaaaa-0000-7000-8000-000000000001';
      expect(await refused({ stack: { messages: [text('A'), { messageId: missing }] } })).toMatchObject({
        status: 400,
        body: { errors: [{ field: 'stack.messages.1.messageId', code: 'unknown_message' }] },
      });
      const plain = await create(text('Plain'));
      expect(await tenant.client.get(`/schedules/${plain}/stack`)).toMatchObject({
        status: 409,
        body: { code: 'no_stack' },
      });
      const changed = await tenant.client.patch(`/schedules/${plain}`, { stack });
      expect(changed.body).toMatchObject({ messageId: null, stack: { recycle: false } });
      const back = await tenant.client.patch(`/schedules/${plain}`, text('Plain again'));
      expect(back.body).toMatchObject({ stack: null, messageId: expect.any(String) as string });
    });
  });

  describe('and what follows them', () => {
    it('deletes the one before it once the new one is there', async () => {
      await tenant.addGroup(bot);
      const id = await create({ ...text('Today'), deletePrevious: true });
      const first = await runAndSend(id);
      expect(await followUp(id, first.broadcastId, 'delete_previous', isDropped)).toMatchObject({
        reason: 'no_previous',
        broadcastId: null,
      });
      expect(await calls('deleteMessage')).toEqual([]);
      const second = await runAndSend(id);
      const { broadcastId } = await followUp(id, second.broadcastId, 'delete_previous', hasStarted);
      expect(await tenant.untilEnded(broadcastId!)).toMatchObject({
        kind: 'recall',
        targetId: first.broadcastId,
        counts: { accepted: 1, sent: 1 },
      });
    });

    it('says where the one before it is too old for Telegram, and leaves it where nothing came after it', async () => {
      const group = await tenant.addGroup(bot);
      const id = await create({ ...text('Weekly'), deletePrevious: true });
      const first = await runAndSend(id);
      await age(first.broadcastId, 49);
      const second = await runAndSend(id);
      expect(await followUp(id, second.broadcastId, 'delete_previous', isDropped)).toMatchObject({
        reason: 'too_old',
        advice: expect.stringContaining('48 hours') as string,
      });
      await tenant.control.must('POST', `/groups/${group}/remove-bot`, { botId: bot.telegramId });
      const third = await runAndSend(id);
      expect(await followUp(id, third.broadcastId, 'delete_previous', isDropped)).toMatchObject({
        reason: 'nothing_sent',
      });
      expect(await calls('deleteMessage')).toEqual([]);
    });

    it('pins each message, and says what to do where the bot may not', async () => {
      const group = await tenant.addGroup(bot);
      const id = await create({ ...text('Rules'), pin: 'silent' });
      const refused = await runAndSend(id);
      const failed = await followUp(id, refused.broadcastId, 'pin', ({ advice }) => advice !== null);
      expect(failed.advice).toContain('administrator who may pin');
      expect(await tenant.report(failed.broadcastId!)).toMatchObject({
        kind: 'pin',
        counts: { failed: 1, reasons: [{ state: 'failed', reason: 'no_rights', count: 1 }] },
      });
      await tenant.control.must('POST', `/groups/${group}/add-bot`, { botId: bot.telegramId, asAdmin: true });
      const pinned = await runAndSend(id);
      const { broadcastId } = await followUp(id, pinned.broadcastId, 'pin', hasStarted);
      expect(await tenant.untilEnded(broadcastId!)).toMatchObject({ counts: { sent: 1, failed: 0 } });
      expect(await calls('pinChatMessage')).toHaveLength(1);
    });

    it('deletes after its time, also where every process was new in between', async () => {
      await tenant.addGroup(bot);
      const id = await create({ ...text('Gone soon'), deleteAfterSeconds: 3600 });
      const { broadcastId } = await runAndSend(id);
      const isWaiting = async () => {
        const [row] = await scene.look<{ wait: number }>(
          `SELECT extract(epoch FROM look_at - clock_timestamp())::int AS wait FROM follow_ups
            WHERE broadcast_id = $1 AND state = 'waiting'`,
          [broadcastId],
        );
        return (row?.wait ?? 0) > 3_000;
      };
      await waitUntil(isWaiting, 20_000);
      expect(await calls('deleteMessage')).toEqual([]);
      for (const scheduler of schedulers) await scene.close(scheduler);
      await scene.look(`UPDATE broadcasts SET ended_at = ended_at - interval '1 hour' WHERE id = $1`, [
        broadcastId,
      ]);
      await scene.look(`UPDATE follow_ups SET look_at = clock_timestamp() WHERE broadcast_id = $1`, [
        broadcastId,
      ]);
      await startSchedulers();
      const recalled = await followUp(id, broadcastId, 'delete_after', hasStarted);
      await tenant.untilEnded(recalled.broadcastId!);
      expect(await calls('deleteMessage')).toHaveLength(1);
    });

    it('is bounded by what Telegram deletes', async () => {
      for (const deleteAfterSeconds of [59, 48 * 3600]) {
        const answer = await tenant.client.post<Problem>('/schedules', {
          ...text('x'),
          name: 'x',
          audience: { to: 'everybody' },
          rule: YEARLY,
          deleteAfterSeconds,
        });
        expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'deleteAfterSeconds' }] } });
      }
    });
  });

  describe('in the queue of a chat', () => {
    let chat: string;
    const WEEK = [{ weekdays: ['MO', 'TH'], times: ['09:00', '18:30'] }];
    const everyDay = (...times: string[]) => [
      { weekdays: ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'], times },
    ];
    const setSlots = (slots: object[], timeZone = 'Europe/Lisbon') =>
      tenant.client.put<Queue>(`${chat}/slots`, { slots, timeZone });
    const add = (...posts: object[]) =>
      tenant.client.post<{ posts: Post[] } & Problem>(`${chat}/posts`, { posts });
    const list = async () => (await tenant.client.get<{ posts: Post[] }>(`${chat}/posts`)).body.posts;
    const queue = async () => (await tenant.client.get<Queue>(`${chat}/slots`)).body;

    beforeEach(async () => {
      const group = await tenant.addGroup(bot);
      chat = `/chats/${(await tenant.chatOf(bot, group)).id}`;
    });

    it('take the next free slots, in their order, and say when that is', async () => {
      const { nextFreeSlots } = (await setSlots(WEEK)).body;
      const { status, body } = await add(text('First'), text('Second'));
      expect(status).toBe(201);
      expect(body.posts.map(({ dueAt }) => dueAt)).toEqual(
        nextFreeSlots.slice(0, 2).map(({ dueAt }) => dueAt),
      );
      expect(body.posts[0]).toMatchObject({
        isOnSlot: true,
        state: 'active',
        localTime: expect.stringMatching(/T(09:00|18:30):00$/) as string,
        offset: expect.stringMatching(/^\+0[01]:00$/) as string,
      });
      expect((await add(text('Third'))).body.posts[0]?.dueAt).toBe(nextFreeSlots[2]?.dueAt);
      expect(await list()).toHaveLength(3);
      expect(await queue()).toMatchObject({ waiting: 3, timeZone: 'Europe/Lisbon', offSlot: [] });
      expect((await queue()).nextFreeSlots[0]?.dueAt).toBe(nextFreeSlots[3]?.dueAt);
    });

    it('are schedules, which send them and hold them in their history, calendar and pauses', async () => {
      await setSlots(WEEK);
      const [post] = (await add({ ...text('Fresh bread'), name: 'Bread' })).body.posts;
      const id = post!.id;
      expect((await tenant.client.get(`/schedules/${id}`)).body).toMatchObject({
        name: 'Bread',
        rule: { kind: 'once' },
        timeZone: 'Europe/Lisbon',
        nextRunAt: post!.dueAt,
      });
      const calendar = await tenant.client.get<{ runs: { scheduleId: string }[] }>('/calendar');
      expect(JSON.stringify(calendar.body)).toContain(id);
      await tenant.client.post(`/schedules/${id}/pause`);
      expect(await list()).toMatchObject([{ id, state: 'paused', dueAt: post!.dueAt }]);
      await tenant.client.post(`/schedules/${id}/resume`);
      const soon = new Date(Math.ceil(Date.now() / 1_000 + 1) * 1_000).toISOString();
      expect((await tenant.client.patch(`${chat}/posts/${id}`, { at: soon })).status).toBe(200);
      await waitUntil(async () => (await sentTexts()).join() === 'Fresh bread', 30_000);
      expect(await occurrences(id)).toMatchObject([{ state: 'started', dueAt: soon }]);
      expect(await list()).toEqual([]);
      expect(await tenant.client.delete(`${chat}/posts/${id}`)).toMatchObject({
        status: 409,
        body: { code: 'post_over' },
      });
    });

    it('never come to one slot, however many people add at the same moment', async () => {
      await setSlots(WEEK);
      const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => add(text(`Post ${n}`))));
      const dues = answers.map(({ body }) => body.posts[0]?.dueAt);
      expect(new Set(dues).size).toBe(12);
      const free = (await queue()).nextFreeSlots[0]!.dueAt;
      const times = await Promise.all(Array.from({ length: 6 }, () => add({ ...text('Mine'), at: free })));
      expect(times.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
      // Past the queue's own door, the constraint stands guard.
      const [one, other] = await list();
      expect(
        await tenant.client.patch(`/schedules/${one?.id}`, { rule: { kind: 'once', at: other?.dueAt } }),
      ).toMatchObject({ status: 409, body: { code: 'slot_taken' } });
    });

    it('are moved to another slot or to a time of their own, and taken out; slots are free again', async () => {
      await setSlots(WEEK);
      const [first, second] = (await add(text('A'), text('B'))).body.posts;
      const move = (id: string | undefined, wish: object) =>
        tenant.client.patch<Post & Problem>(`${chat}/posts/${id}`, wish);
      const own = await move(first?.id, { at: '2099-01-01T10:07' });
      expect(own.body).toMatchObject({ isOnSlot: false, localTime: '2099-01-01T10:07:00' });
      expect((await queue()).nextFreeSlots[0]?.dueAt).toBe(first?.dueAt);
      expect((await queue()).offSlot).toMatchObject([{ id: first?.id }]);
      expect(await move(second?.id, { at: '2099-01-01T10:07' })).toMatchObject({
        status: 409,
        body: { code: 'slot_taken' },
      });
      const later = await move(first?.id, { nextFreeSlotAfter: second?.dueAt });
      expect(later.body).toMatchObject({ isOnSlot: true });
      expect(later.body.dueAt > (second?.dueAt ?? '')).toBe(true);
      expect(await move(first?.id, { at: '2020-01-01T00:00' })).toMatchObject({
        status: 400,
        body: { errors: [{ field: 'at', code: 'in_the_past' }] },
      });
      expect((await tenant.client.delete(`${chat}/posts/${second?.id}`)).status).toBe(204);
      expect((await add(text('C'))).body.posts[0]?.dueAt).toBe(first?.dueAt);
      expect((await add(text('D'))).body.posts[0]?.dueAt).toBe(second?.dueAt);
    });

    it('keep their times when the slots change, and the answer names those that stand on none', async () => {
      await setSlots(everyDay('09:00', '18:30'));
      const posts = (await add(text('A'), text('B'))).body.posts;
      const left = posts.filter(({ localTime }) => localTime.endsWith('18:30:00'));
      const changed = await setSlots(everyDay('09:00', '12:00'));
      expect(changed.body.offSlot.map(({ id }) => id)).toEqual(left.map(({ id }) => id));
      expect(left).toHaveLength(1);
      expect((await list()).map(({ dueAt }) => dueAt)).toEqual(posts.map(({ dueAt }) => dueAt));
    });

    it('delete the post before them in the queue, whichever schedule sent it', async () => {
      await setSlots(WEEK);
      const [one, two] = (await add(text('Old'), { ...text('New'), deletePrevious: true })).body.posts;
      const { broadcastId: old } = await runAndSend(one!.id);
      const { broadcastId } = await runAndSend(two!.id);
      const recall = await followUp(two!.id, broadcastId, 'delete_previous', hasStarted);
      expect(await tenant.untilEnded(recall.broadcastId!)).toMatchObject({
        targetId: old,
        counts: { sent: 1 },
      });
    });

    it('are refused all together where one is wrong, and where there are no slots', async () => {
      expect(await add(text('A'))).toMatchObject({ status: 409, body: { code: 'no_slots' } });
      expect(await add({ ...text('A'), at: '2099-01-01T10:00' })).toMatchObject({ status: 201 });
      await setSlots(WEEK);
      const missing = '019aaaaa-0000-7000-8000-000000000001';
      expect(await add(text('B'), { messageId: missing })).toMatchObject({
        status: 400,
        body: { errors: [{ field: 'posts.1.messageId', code: 'unknown_message' }] },
      });
      expect(await list()).toHaveLength(1);
      const stranger = await scene.signUp();
      for (const [method, path] of [
        ['get', '/slots'],
        ['get', '/posts'],
      ] as const)
        expect((await stranger.client[method](`${chat}${path}`)).status).toBe(404);
      expect((await stranger.client.post(`${chat}/posts`, { posts: [text('x')] })).status).toBe(404);
    });
  });
});
