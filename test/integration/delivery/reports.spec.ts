import { RESEND_UNKNOWN_AFTER_MS } from '../../../src/delivery/delivery.rules.js';
import pg from 'pg';
import { JournalRepository } from '../../../src/delivery/journal.repository.js';
import { DispatcherDatabase } from '../../../src/platform/database/index.js';
import { type SceneBot, type SceneTenant, UNPACED } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { Receiver } from '../../harness/receiver.js';
import { DeliveryScene } from './delivery-scene.js';

jest.setTimeout(120_000);

interface Statistics {
  readonly latenessMs: { p50: number; p90: number; p99: number } | null;
  readonly rate: { startsAt: string | null; bucketSeconds: number; sent: number[] };
  readonly bots: { botId: string; sent: number; failed: number; queued: number }[];
  readonly botsLeftOut: number;
}

describe('what is told of a broadcast', () => {
  let receiver: Receiver;
  let apiUrl: string;
  let scene: DeliveryScene;
  let tenant: SceneTenant;
  let bot: SceneBot;

  beforeAll(async () => {
    receiver = await Receiver.open();
    scene = await DeliveryScene.open({ ...UNPACED, WEBHOOK_PRIVATE_TARGETS: 'true' });
    apiUrl = (await scene.start('api,scheduler,worker,poller')).url;
  });
  afterAll(async () => {
    await scene.end();
    await receiver.close();
  });

  beforeEach(async () => {
    tenant = await scene.signUp();
    bot = await tenant.connectBot();
  });

  const statistics = async (id: string) =>
    (await tenant.client.get<Statistics>(`/broadcasts/${id}/statistics`)).body;
  const areTotalsKept = async (id: string) =>
    (await scene.look('SELECT FROM broadcasts WHERE id = $1 AND are_totals_true', [id])).length === 1;

  it('has lateness, the rate over time, and each bot’s part, the same after its deliveries are gone', async () => {
    const other = await tenant.connectBot();
    await tenant.startPeople(bot, 12);
    await tenant.startPeople(other, 5);
    await tenant.fault('forbidden', { botId: other.telegramId, count: 1 });
    const { id } = await tenant.broadcast('Counted');
    await tenant.untilEnded(id);
    await waitUntil(() => areTotalsKept(id), 20_000);
    const kept = await statistics(id);
    expect(kept.latenessMs!.p50).toBeGreaterThanOrEqual(0);
    expect(kept.latenessMs!.p99).toBeGreaterThanOrEqual(kept.latenessMs!.p50);
    expect(kept.rate.sent.reduce((sum, count) => sum + count, 0)).toBe(16);
    expect(kept.rate.bucketSeconds).toBe(1);
    expect(kept.bots).toEqual([
      expect.objectContaining({ botId: bot.id, sent: 12, failed: 0 }),
      expect.objectContaining({ botId: other.id, sent: 4, failed: 1 }),
    ]);
    const report = await tenant.report(id);
    // Counted again from the rows, it says the same.
    await scene.look('UPDATE broadcasts SET are_totals_true = false WHERE id = $1', [id]);
    await waitUntil(() => areTotalsKept(id), 20_000);
    expect(await statistics(id)).toEqual(kept);
    await scene.look(
      'DELETE FROM deliveries d USING broadcasts b WHERE b.id = $1 AND d.source_no = b.no AND d.class = 1',
      [id],
    );
    expect(await tenant.report(id)).toEqual(report);
    expect(await statistics(id)).toEqual(kept);
  });

  it('corrects what it kept when a late answer comes', async () => {
    await tenant.startPeople(bot, 3);
    await tenant.fault('reset_after_effect', { count: 1 });
    const { id } = await tenant.broadcast('Late');
    expect(await tenant.untilEnded(id)).toMatchObject({ counts: { sent: 2, unknown: 1 } });
    await waitUntil(() => areTotalsKept(id), 20_000);
    // The answer comes after all, as the journal writes it.
    const [row] = await scene.look<{
      source_no: string;
      chat_no: string;
      epoch: string;
      attempt: number;
      day: string;
    }>(
      `SELECT d.source_no, d.chat_no, d.epoch, d.attempt, d.planned_on::text AS day FROM deliveries d
         JOIN broadcasts b ON b.no = d.source_no WHERE b.id = $1 AND d.class = 1 AND d.state = 4`,
      [id],
    );
    const pool = new pg.Pool({ connectionString: scene.database.urls.dispatcher, max: 1 });
    try {
      const journal = new JournalRepository(new DispatcherDatabase(pool));
      const attempt = {
        plannedOn: row!.day,
        class: 1,
        sourceNo: row!.source_no,
        chatNo: row!.chat_no,
        owner: '0',
        epoch: row!.epoch,
        attempt: row!.attempt,
      } as const;
      await journal.record(
        row!.day,
        [],
        [{ attempt, settlement: { state: 'sent', reason: null, messageId: 9, delayMs: 0 } }],
      );
    } finally {
      await pool.end();
    }
    expect(await tenant.report(id)).toMatchObject({ counts: { sent: 3, unknown: 0 } });
    await waitUntil(() => areTotalsKept(id), 20_000);
    expect(await tenant.report(id)).toMatchObject({ state: 'finished', counts: { sent: 3, unknown: 0 } });
  });

  it('is a file, a line for each delivery', async () => {
    await tenant.startPeople(bot, 3);
    const group = await tenant.addGroup(bot);
    const { id } = await tenant.broadcast('On paper');
    await tenant.untilEnded(id);
    const response = await fetch(`${apiUrl}/api/v1/broadcasts/${id}/deliveries.csv`, {
      headers: { authorization: `Bearer ${tenant.account.accessToken}` },
    });
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(response.headers.get('content-disposition')).toContain('attachment');
    const [head, ...lines] = (await response.text()).trimEnd().split('\r\n');
    expect(head).toBe(
      'chatId,botId,telegramChatId,state,reason,attempts,telegramMessageId,sendingAt,settledAt',
    );
    expect(lines).toHaveLength(4);
    const deliveries = await tenant.deliveries(id);
    for (const { chatId, telegramChatId, telegramMessageId } of deliveries) {
      const line = lines.find((one) => one.startsWith(chatId))!;
      expect(line).toContain(`${bot.id},${telegramChatId},sent,,1,${telegramMessageId},`);
    }
    expect(lines.join()).toContain(`,${group},`);
  });

  it('says when it will be done, while it goes on', async () => {
    await tenant.startPeople(bot, 20);
    await tenant.fault('too_many_requests', { retryAfterSeconds: 4, count: 2 });
    const { id } = await tenant.broadcast('When');
    const report = await tenant.until(
      id,
      ({ counts, forecast }) => counts.queued > 0 && counts.sent > 5 && forecast?.basis === 'measured',
    );
    expect(report.forecast!.perSecond).toBeGreaterThan(0);
    expect(Date.parse(report.forecast!.finishAt)).toBeGreaterThan(Date.now() - 1_000);
    await tenant.untilEnded(id);
    expect(await tenant.report(id)).toMatchObject({ forecast: null });
  });

  it('is told to webhooks once it is over, whatever its end, with its totals', async () => {
    const created = await tenant.client.post('/webhooks', {
      url: receiver.url,
      events: ['broadcast.finished', 'broadcast.cancelled', 'broadcast.stopped'],
    });
    expect(created.status).toBe(201);
    await tenant.startPeople(bot, 3);
    const finished = await tenant.broadcast('Heard');
    await tenant.untilEnded(finished.id);
    await tenant.fault('too_many_requests', { retryAfterSeconds: 1, count: 3 });
    const cancelled = await tenant.broadcast('Unheard');
    await waitUntil(async () => (await tenant.ledger('Unheard')).length > 0, 20_000);
    await tenant.client.post(`/broadcasts/${cancelled.id}/cancel`);
    await tenant.untilEnded(cancelled.id);
    await tenant.fault('bad_request');
    const stopped = await tenant.broadcast('Refused');
    await tenant.untilEnded(stopped.id);
    await waitUntil(() => receiver.received.length === 3, 20_000);
    expect(receiver.events('broadcast.finished')).toMatchObject([
      { data: { broadcastId: finished.id, reason: null, counts: { sent: 3 }, latenessMs: {} } },
    ]);
    expect(receiver.events('broadcast.cancelled')).toMatchObject([
      { data: { broadcastId: cancelled.id, reason: 'by_member', counts: { cancelled: 3 } } },
    ]);
    const [told] = receiver.events('broadcast.stopped');
    expect(told?.data).toMatchObject({ broadcastId: stopped.id, reason: 'bad_content' });
    // Counted again, it is not told again: the next event is that of another broadcast.
    await scene.look('UPDATE broadcasts SET are_totals_true = false WHERE id = $1', [finished.id]);
    await waitUntil(() => areTotalsKept(finished.id), 20_000);
    await tenant.control.must('DELETE', '/faults');
    const { id: lastId } = await tenant.broadcast('The last');
    await tenant.untilEnded(lastId);
    await waitUntil(() => receiver.received.length > 3, 20_000);
    expect(receiver.events('broadcast.finished').map(({ data }) => data['broadcastId'])).toEqual([
      finished.id,
      lastId,
    ]);
  });
});

describe('sending once more', () => {
  let scene: DeliveryScene;
  let tenant: SceneTenant;
  let bot: SceneBot;

  beforeAll(async () => {
    scene = await DeliveryScene.open(UNPACED);
    await scene.start('api,scheduler,worker,poller');
  });
  afterAll(() => scene.end());

  beforeEach(async () => {
    tenant = await scene.signUp();
    bot = await tenant.connectBot();
  });

  it('sends what failed, once, however often it is asked for, and counts each person once', async () => {
    await tenant.startPeople(bot, 5);
    await tenant.fault('forbidden', { count: 3 });
    const { id } = await tenant.broadcast('Again');
    const before = await tenant.untilEnded(id);
    expect(before.counts).toMatchObject({ accepted: 5, failed: 3, sent: 2 });
    // Two of them come back; the third is left as it is.
    const personIds = (await tenant.deliveries(id, 'failed'))
      .slice(0, 2)
      .map(({ telegramChatId }) => Number(telegramChatId));
    await tenant.control.must('POST', '/actions/start', { botId: bot.telegramId, personIds });
    await waitUntil(
      async () => (await tenant.chats(bot)).filter(({ state }) => state === 'active').length === 4,
      20_000,
    );

    const resend = () =>
      tenant.client.post<{ resent: number; code?: string }>(`/broadcasts/${id}/resend`, {
        states: ['failed'],
      });
    const answers = await Promise.all([resend(), resend(), resend()]);
    const resent = answers.reduce((sum, { body }) => sum + (body.resent ?? 0), 0);
    expect(resent).toBe(2);
    const after = await tenant.untilEnded(id);
    expect(after).toMatchObject({
      state: 'finished',
      counts: {
        accepted: 5,
        sent: 4,
        failed: 1,
        reasons: [{ state: 'failed', reason: 'blocked', count: 1 }],
      },
    });
    const arrived = (await tenant.ledger('Again')).filter(({ hasEffect }) => hasEffect);
    expect(arrived).toHaveLength(4);
    expect(new Set(arrived.map(({ chatId }) => chatId)).size).toBe(4);
    const attempts = (await tenant.deliveries(id, 'sent')).map((delivery) => delivery.attempts);
    expect(attempts.sort()).toEqual([1, 1, 2, 2]);
    const log = await tenant.client.get<{ items: { details: unknown }[] }>(
      '/tenant/audit?action=broadcast.resent',
    );
    expect(log.body.items.length).toBeGreaterThanOrEqual(1);
  });

  it('goes on where whoever queued it again was killed', async () => {
    await tenant.startPeople(bot, 4);
    const { id } = await tenant.broadcast('Halfway');
    await tenant.untilEnded(id);
    const ofBroadcast = `source_no = (SELECT no FROM broadcasts WHERE id = $1) AND class = 1`;
    // As if all had failed, and a process had died after it queued the first two of them, which failed again.
    await scene.look(`UPDATE deliveries SET state = 3, reason = 'other' WHERE ${ofBroadcast}`, [id]);
    await scene.look(
      `UPDATE broadcasts SET state = 'planning', planned_at = NULL, ended_at = NULL, totals = NULL, are_totals_true = false,
         resend_states = '{3}', plan_cursor_chat_no =
           (SELECT chat_no FROM deliveries WHERE ${ofBroadcast} ORDER BY chat_no OFFSET 1 LIMIT 1) WHERE id = $1`,
      [id],
    );
    expect(await tenant.untilEnded(id)).toMatchObject({ state: 'finished', counts: { sent: 2, failed: 2 } });
    expect(await tenant.ledger('Halfway')).toHaveLength(6);
    const [row] = await scene.look('SELECT resend_states FROM broadcasts WHERE id = $1', [id]);
    expect(row).toEqual({ resend_states: null });
  });

  it('sends an unknown once more only after its first try can no longer arrive', async () => {
    await tenant.startPeople(bot, 3);
    await tenant.fault('reset_before_effect', { count: 1 });
    const { id } = await tenant.broadcast('Who knows');
    const before = await tenant.untilEnded(id);
    expect(before).toMatchObject({ counts: { unknown: 1, sent: 2 } });
    const wrong = await tenant.client.post<{ resent: number }>(`/broadcasts/${id}/resend`, {
      states: ['unknown'],
      reasons: ['timed_out'],
    });
    expect(wrong).toMatchObject({ status: 200, body: { resent: 0 } });
    // With nothing to send again it ended when it ended.
    expect(await tenant.report(id)).toMatchObject({ state: 'finished', endedAt: before.endedAt });
    const headers = { 'idempotency-key': 'once' };
    const [first, second] = await Promise.all(
      [1, 2].map(() =>
        tenant.client.post<{ resent: number }>(`/broadcasts/${id}/resend`, { states: ['unknown'] }, headers),
      ),
    );
    expect(first).toMatchObject({ status: 200, body: { resent: 1 } });
    expect(second?.body).toEqual(first?.body);
    const waiting = `FROM deliveries d JOIN broadcasts b ON b.no = d.source_no WHERE b.id = $1 AND d.class = 1 AND d.state = 0`;
    const findWait = async () => {
      const [row] = await scene.look<{ seconds: number }>(
        `SELECT extract(epoch FROM d.not_before - d.sending_at)::float8 AS seconds ${waiting}`,
        [id],
      );
      return row?.seconds;
    };
    await waitUntil(async () => (await findWait()) !== undefined, 20_000);
    expect(await findWait()).toBe(RESEND_UNKNOWN_AFTER_MS / 1_000);
    await scene.look(
      `UPDATE deliveries SET not_before = clock_timestamp() WHERE (source_no, chat_no) IN (SELECT d.source_no, d.chat_no ${waiting})`,
      [id],
    );
    expect(await tenant.untilEnded(id)).toMatchObject({ state: 'finished', counts: { sent: 3, unknown: 0 } });
  });

  it('is refused while the broadcast goes on, and after it was cancelled', async () => {
    await tenant.startPeople(bot, 2);
    await tenant.fault('too_many_requests', { retryAfterSeconds: 3, count: 2 });
    const { id } = await tenant.broadcast('Not yet');
    const resend = () => tenant.client.post(`/broadcasts/${id}/resend`, { states: ['failed'] });
    expect(await resend()).toMatchObject({ status: 409, body: { code: 'broadcast_going_on' } });
    await tenant.client.post(`/broadcasts/${id}/cancel`);
    expect(await resend()).toMatchObject({ status: 409, body: { code: 'broadcast_not_finished' } });
    for (const body of [{ states: [] }, { states: ['sent'] }, { states: ['failed'], reasons: ['='] }, {}])
      expect((await tenant.client.post(`/broadcasts/${id}/resend`, body)).status).toBe(400);
  });
});
