import { type DispatcherDatabase } from '../../../src/platform/database/index.js';
import { DueSequencesRepository } from '../../../src/scheduling/sequences/due-sequences.repository.js';
import { type SignedUpTenant } from '../../harness/accounts.js';
import { type TestApplication } from '../../harness/application.js';
import { BotScene, type SceneBot, waitUntil } from '../bots/bot-scene.js';

jest.setTimeout(120_000);

interface Report {
  enrolled: number;
  finished: number;
  left: number;
  steps: { stepId: string; waiting: number; sent: number; missed: number; skipped: number; left: number }[];
}
interface Sequence {
  id: string;
  steps: { id: string; at: string | null }[];
}
interface Person {
  id: number;
  chatId: string;
}
const text = (words: string) => ({ kind: 'text', text: words });

describe('sequences', () => {
  let scene: BotScene;
  let second: TestApplication;
  let tenant: SignedUpTenant;
  let bot: SceneBot;

  const start = (personId: number, at = bot) =>
    scene.control.must('POST', `/people/${personId}/start`, { botId: at.sandboxId });
  const stop = (personId: number) =>
    scene.control.must('POST', `/people/${personId}/message`, { botId: bot.sandboxId, text: '/stop' });
  const join = async (name: string): Promise<Person> => {
    const id = await scene.control.createPerson(name);
    await start(id);
    const chat = await waitUntil(async () => {
      const { items } = (await tenant.client.get<{ items: { id: string }[] }>(`/chats?search=${name}`)).body;
      return items[0];
    });
    return { id, chatId: chat.id };
  };
  const create = async (more: object = {}): Promise<Sequence> => {
    const made = await tenant.client.post<Sequence>('/sequences', {
      name: 'Welcome',
      botIds: [bot.id],
      steps: [
        { afterSeconds: 0, message: text('first') },
        { afterDays: 3, message: text('second') },
      ],
      ...more,
    });
    expect(made).toMatchObject({ status: 201 });
    return made.body;
  };
  const report = async ({ id }: Sequence) =>
    (await tenant.client.get<Report>(`/sequences/${id}/report`)).body;
  const runs = async ({ id }: Sequence) =>
    (
      await tenant.client.get<{
        items: { state: string; reason: string | null; chats: number; broadcastId: string }[];
      }>(`/sequences/${id}/runs?limit=200`)
    ).body.items;
  const standing = async ({ id }: Sequence, person: Person) =>
    (
      await tenant.client.get<{ items: { chatId: string; state: string; stepId: string; dueAt: string }[] }>(
        `/sequences/${id}/people?limit=200`,
      )
    ).body.items.find(({ chatId }) => chatId === person.chatId);
  /** How often each chat got a step of a sequence, by what it says. */
  const got = async ({ id }: Sequence, person: Person) =>
    (
      await scene.look<{ text: string }>(
        `SELECT m.content ->> 'text' AS text FROM deliveries d JOIN broadcasts b ON b.no = d.source_no AND d.class = 1
           JOIN messages m ON m.id = b.message_id JOIN chats c ON c.no = d.chat_no
          WHERE b.sequence_id = $1 AND c.id = $2 AND d.state = 2 ORDER BY d.settled_at`,
        [id, person.chatId],
      )
    ).map((row) => row.text);
  /** As if so much time had passed for those who are in it. */
  const letPass = async ({ id }: Sequence, interval: string) => {
    await scene.look(
      `UPDATE enrollments e SET enrolled_at = enrolled_at - $2::interval, due_at = due_at - $2::interval
         FROM sequences s WHERE s.id = $1 AND e.sequence_no = s.no`,
      [id, interval],
    );
    await scene.look('NOTIFY arauto_schedules');
  };
  const end = ({ id }: Sequence) => tenant.client.delete(`/sequences/${id}`);

  beforeAll(async () => {
    scene = await BotScene.open();
    await scene.start('api,worker,poller,scheduler');
    second = await scene.start('scheduler');
    tenant = await scene.signUp();
    bot = await scene.connect(tenant);
  });
  afterAll(() => scene.end());

  it('send each step when it is due, once, and end', async () => {
    const sequence = await create();
    const ana = await join('Ana');
    await waitUntil(async () => (await got(sequence, ana)).length === 1);
    expect(await standing(sequence, ana)).toMatchObject({ state: 'waiting', stepId: sequence.steps[1]?.id });
    await start(ana.id);
    await letPass(sequence, '2 days');
    expect(await standing(sequence, ana)).toMatchObject({ state: 'waiting' });
    await letPass(sequence, '1 day 2 minutes');
    await waitUntil(async () => (await got(sequence, ana)).length === 2);
    expect(await got(sequence, ana)).toEqual(['first', 'second']);
    expect(await standing(sequence, ana)).toMatchObject({ state: 'finished', stepId: null, dueAt: null });
    await start(ana.id);
    expect(await report(sequence)).toMatchObject({
      ...{ enrolled: 1, finished: 1, left: 0 },
      steps: [
        { waiting: 0, sent: 1, missed: 0 },
        { waiting: 0, sent: 1, missed: 0 },
      ],
    });
    const [last] = await runs(sequence);
    expect(await tenant.client.get(`/broadcasts/${last?.broadcastId}`)).toMatchObject({
      body: { sequenceId: sequence.id, counts: { sent: 1 } },
    });
    const listed = async (query: string) =>
      (await tenant.client.get<{ items: unknown[] }>(`/broadcasts${query}`)).body.items.length;
    expect(await listed('')).toBe(0);
    expect(await listed(`?sequenceId=${sequence.id}`)).toBe(2);
    await end(sequence);
  });

  it('begin anew for who presses Start once more, where that is wanted', async () => {
    const sequence = await create({ again: true });
    const bia = await join('Bia');
    await waitUntil(async () => (await got(sequence, bia)).length === 1);
    await start(bia.id);
    await waitUntil(async () => (await got(sequence, bia)).length === 2);
    expect(await got(sequence, bia)).toEqual(['first', 'first']);
    await end(sequence);
  });

  it('lose who stops, and who is out of reach when a step is due', async () => {
    const sequence = await create();
    const [caio, dora] = [await join('Caio'), await join('Dora')];
    await waitUntil(async () => (await report(sequence)).steps[0]?.sent === 2);
    await stop(caio.id);
    await waitUntil(async () => (await standing(sequence, caio))?.state === 'left');
    await scene.control.must('POST', `/people/${dora.id}/block`, { botId: bot.sandboxId });
    await waitUntil(async () => {
      const chat = await tenant.client.get(`/chats/${dora.chatId}`);
      return chat.body['state'] === 'unreachable';
    });
    await letPass(sequence, '3 days 1 minute');
    await waitUntil(async () => (await standing(sequence, dora))?.state === 'left');
    expect(await report(sequence)).toMatchObject({
      left: 2,
      steps: [{ left: 0 }, { waiting: 0, sent: 0, left: 2 }],
    });
    await end(sequence);
  });

  it('keep nothing of who is erased', async () => {
    const sequence = await create();
    const eva = await join('Eva');
    await waitUntil(async () => (await report(sequence)).enrolled === 1);
    const { contactId } = (await tenant.client.get(`/chats/${eva.chatId}`)).body;
    expect(await tenant.client.post(`/contacts/${String(contactId)}/erase`)).toMatchObject({ status: 204 });
    expect(await scene.look('SELECT FROM enrollments')).toHaveLength(0);
    await end(sequence);
  });

  it('miss what is later than the grace, and go on with what follows', async () => {
    const sequence = await create({ graceSeconds: 3600 });
    const fabio = await join('Fabio');
    await waitUntil(async () => (await got(sequence, fabio)).length === 1);
    await letPass(sequence, '3 days 2 hours');
    await waitUntil(async () => (await standing(sequence, fabio))?.state === 'finished');
    expect((await report(sequence)).steps[1]).toMatchObject({ sent: 0, missed: 1 });
    expect((await runs(sequence))[0]).toMatchObject({ state: 'skipped', reason: 'missed', chats: 1 });
    await end(sequence);
  });

  it('send nothing while they are paused, and go on where they were', async () => {
    const sequence = await create();
    expect(await tenant.client.post(`/sequences/${sequence.id}/pause`)).toMatchObject({
      body: { state: 'paused' },
    });
    const gil = await join('Gil');
    await waitUntil(async () => (await report(sequence)).steps[0]?.waiting === 1);
    await scene.look('NOTIFY arauto_schedules');
    expect(await got(sequence, gil)).toEqual([]);
    await tenant.client.post(`/sequences/${sequence.id}/resume`);
    await waitUntil(async () => (await got(sequence, gil)).length === 1);
    await end(sequence);
  });

  it('can be changed while people are in them: nobody gets what is behind them', async () => {
    const sequence = await create();
    const hugo = await join('Hugo');
    await waitUntil(async () => (await got(sequence, hugo)).length === 1);
    const [first, later] = sequence.steps;
    const changed = await tenant.client.patch<Sequence>(`/sequences/${sequence.id}`, {
      steps: [
        { afterSeconds: 0, message: text('before all') },
        { id: first?.id, afterSeconds: 0 },
        { afterSeconds: 1, message: text('between') },
        { id: later?.id, afterDays: 1 },
      ],
    });
    expect(changed).toMatchObject({ status: 200 });
    await waitUntil(async () => (await got(sequence, hugo)).length === 2);
    expect(await got(sequence, hugo)).toEqual(['first', 'between']);
    const standsAt = Date.parse((await standing(sequence, hugo))?.dueAt ?? '');
    expect(Math.round((standsAt - Date.now()) / 3_600_000)).toBe(24);
    // Who waits for a step that goes waits for what takes its place.
    await tenant.client.patch(`/sequences/${sequence.id}`, {
      steps: [
        { id: changed.body.steps[1]?.id, afterSeconds: 0 },
        { afterSeconds: 1, message: text('instead') },
      ],
    });
    await waitUntil(async () => (await got(sequence, hugo)).length === 3);
    expect(await got(sequence, hugo)).toEqual(['first', 'between', 'instead']);
    const wrong = {
      steps: [
        { id: first?.id, afterSeconds: 0 },
        { id: bot.id, afterDays: 1 },
      ],
    };
    expect(await tenant.client.patch(`/sequences/${sequence.id}`, wrong)).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'steps.1.id', code: 'unknown_step' }] },
    });
    await end(sequence);
  });

  it('keep quiet hours by the clocks of each person', async () => {
    const sequence = await create({ steps: [{ afterSeconds: 0, message: text('first') }] });
    await tenant.client.put('/quiet-hours', { hours: { from: '00:00', to: '23:59:59' }, policy: 'hold' });
    const ines = await join('Ines');
    await waitUntil(async () => {
      const dueAt = (await standing(sequence, ines))?.dueAt;
      return dueAt?.includes('T23:59:59');
    });
    expect(await got(sequence, ines)).toEqual([]);
    const preview = await tenant.client.get(`/sequences/${sequence.id}/preview?timeZone=Asia/Tokyo`);
    expect(preview).toMatchObject({
      status: 200,
      body: { timeZone: 'Asia/Tokyo', steps: [{ offset: '+09:00', isSkipped: false }] },
    });
    await tenant.client.delete('/quiet-hours');
    await end(sequence);
  });

  it('are not stopped by a row that cannot be read', async () => {
    const sequence = await create({
      steps: [
        { afterSeconds: 0, message: text('first') },
        { afterDays: 1, at: '09:00', message: text('second') },
      ],
    });
    const [joana, kim] = [await join('Joana'), await join('Kim')];
    await waitUntil(async () => (await report(sequence)).steps[0]?.sent === 2);
    await scene.look(`UPDATE chats SET time_zone = 'Mars/Base', time_zone_source = 'api' WHERE id = $1`, [
      joana.chatId,
    ]);
    await letPass(sequence, '2 days');
    await waitUntil(async () => (await standing(sequence, kim))?.state === 'finished');
    expect(await standing(sequence, joana)).toMatchObject({ state: 'left' });
    await scene.look(`UPDATE chats SET time_zone = NULL, time_zone_source = NULL WHERE id = $1`, [
      joana.chatId,
    ]);
    await end(sequence);
  });

  it('show when each step would go out', async () => {
    const sequence = await create({ steps: [{ afterDays: 2, at: '09:30', message: text('x') }] });
    const { body } = await tenant.client.get<{ steps: { localTime: string }[] }>(
      `/sequences/${sequence.id}/preview?timeZone=America/Lima`,
    );
    expect(body.steps[0]?.localTime.slice(11)).toBe('09:30:00');
    expect(sequence.steps[0]?.at).toBe('09:30:00');
    await end(sequence);
  });

  it('send to many who are due at once, each once, with two schedulers of which one dies', async () => {
    const sequence = await create();
    await scene.look(
      `INSERT INTO chats (tenant_id, bot_id, bot_no, telegram_chat_id, type, title)
       SELECT b.tenant_id, b.id, b.no, 5000000 + n, 'private', 'x' FROM bots b, generate_series(1, 5000) AS n WHERE b.id = $1`,
      [bot.id],
    );
    const killed = await scene.startProcess('scheduler');
    await scene.look(
      `INSERT INTO enrollments (sequence_no, chat_no, tenant_id, enrolled_at, due_at)
       SELECT s.no, c.no, s.tenant_id, clock_timestamp(), clock_timestamp() FROM sequences s, chats c
        WHERE s.id = $1 AND c.telegram_chat_id > 5000000`,
      [sequence.id],
    );
    await scene.look('NOTIFY arauto_schedules');
    await waitUntil(async () => ((await report(sequence)).steps[0]?.sent ?? 0) > 0);
    await killed.end('SIGKILL');
    await waitUntil(async () => (await report(sequence)).steps[0]?.sent === 5000, 40_000);
    const [planned] = await waitUntil(async () => {
      const rows = await scene.look<{ deliveries: number; chats: number }>(
        `SELECT count(*)::int AS deliveries, count(DISTINCT d.chat_no)::int AS chats FROM deliveries d
           JOIN broadcasts b ON b.no = d.source_no AND d.class = 1 WHERE b.sequence_id = $1`,
        [sequence.id],
      );
      return (rows[0]?.deliveries ?? 0) >= 5000 && rows;
    }, 40_000);
    expect(planned).toEqual({ deliveries: 5000, chats: 5000 });
    expect((await report(sequence)).steps).toMatchObject([{ sent: 5000 }, { waiting: 5000 }]);
    await end(sequence);
  });

  it('cost a small row and few looks, however many people are in them', async () => {
    const sequence = await create();
    await scene.close(second);
    await scene.look('CREATE TEMP TABLE waiting AS SELECT no, tenant_id FROM sequences WHERE id = $1', [
      sequence.id,
    ]);
    await scene.look(
      `INSERT INTO enrollments (sequence_no, chat_no, tenant_id, passed, enrolled_at, due_at)
       SELECT no, n, tenant_id, 1, now(), now() + interval '1 day' + n * interval '1 second'
         FROM waiting, generate_series(1, 200000) AS n`,
    );
    const [size] = await scene.look<{ bytes: number }>(
      `SELECT (pg_total_relation_size('enrollments') / 200000)::int AS bytes`,
    );
    console.log(`${size?.bytes} bytes for each who waits`);
    expect(size?.bytes).toBeLessThan(250);
    await scene.look('ANALYZE enrollments');
    // The ticker's own question, explained.
    const explaining = { query: (sql: string) => scene.look(`EXPLAIN (ANALYZE, BUFFERS) ${sql}`) };
    const due = new DueSequencesRepository(explaining as unknown as DispatcherDatabase);
    const explained = (await due.findDue()) as unknown as { 'QUERY PLAN': string }[];
    const plan = explained.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain('enrollments_due');
    expect(Number(/shared hit=(\d+)/.exec(plan)?.[1])).toBeLessThan(50);
    expect((await report(sequence)).steps[1]).toMatchObject({ waiting: 200_000 });
    await end(sequence);
  });
});
