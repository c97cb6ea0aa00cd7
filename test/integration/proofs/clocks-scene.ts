import { type SceneBot, SceneTenant } from '../../harness/scene.js';
import { ControlClient } from '../sandbox/control-client.js';
import { waitUntil } from '../../harness/wait.js';
import { type ClocksInstallation } from './clocks-installation.js';
import { type MissedTerms } from './missed-counts.js';
import { type ProofReport } from './proof-report.js';

const PATIENCE_MS = 60_000;
const LEFT = 'deliveries WHERE is_open';

interface SentRow {
  readonly text: string;
  readonly telegramChatId: string;
  readonly sent: number;
  readonly unknown: number;
  readonly others: number;
}

export interface RunRow {
  readonly dueMs: number;
  readonly state: string;
  readonly reason: string | null;
}

/** A tenant whose broadcasts and schedules are under way while clocks are set, and what came of them. */
export class ClocksScene {
  private names = 0;

  private constructor(
    private readonly installation: ClocksInstallation,
    private readonly tenant: SceneTenant,
    private readonly people: number,
    /** One of each bot. */
    private readonly chatIds: readonly string[],
  ) {}

  static async open(
    installation: ClocksInstallation,
    bots: number,
    peoplePerBot: number,
  ): Promise<ClocksScene> {
    const tenant = await SceneTenant.signUp(
      installation.api.apiUrl,
      new ControlClient(installation.sandbox.sandboxUrl, undefined, undefined, installation.sandboxKey),
    );
    const connected: SceneBot[] = [];
    for (let bot = 0; bot < bots; bot += 1) connected.push(await tenant.connectBot());
    // Greetings are no part of the proof: as fast as they go, by a process that leaves.
    const greeter = await installation.startOneMore('worker,poller');
    await Promise.all(connected.map((bot) => tenant.startPeople(bot, peoplePerBot)));
    await greeter.end();
    const chats = await Promise.all(connected.map((bot) => tenant.chats(bot)));
    return new ClocksScene(
      installation,
      tenant,
      bots * peoplePerBot,
      chats.map(([first]) => first!.id),
    );
  }

  /** A broadcast to everybody, of which some has arrived and most is still to be sent. @returns its id */
  async beginBroadcast(): Promise<string> {
    const text = this.nextName('Broadcast');
    const { id } = await this.tenant.broadcast(text);
    await waitUntil(async () => (await this.tenant.ledger(text)).length >= 5, PATIENCE_MS);
    return id;
  }

  async untilEnded(broadcastId: string): Promise<void> {
    await waitUntil(
      async () =>
        (await this.installation.count(
          "FROM broadcasts WHERE id = $1 AND state = 'finished' AND NOT EXISTS (SELECT FROM deliveries d WHERE d.source_no = broadcasts.no AND d.is_open)",
          [broadcastId],
        )) === 1,
      PATIENCE_MS,
    );
  }

  async isUnderWay(broadcastId: string): Promise<boolean> {
    return (
      (await this.installation.count("FROM broadcasts WHERE id = $1 AND state = 'sending'", [
        broadcastId,
      ])) === 1
    );
  }

  /** A schedule to one chat. */
  async schedule(rule: object, { policy, graceSeconds }: MissedTerms): Promise<string> {
    const name = this.nextName('Schedule');
    const answer = await this.tenant.client.post<{ id: string }>('/schedules', {
      name,
      message: { kind: 'text', text: name },
      audience: { to: 'chats', chatIds: [this.chatIds[this.names % this.chatIds.length]] },
      rule,
      missedPolicy: policy,
      graceSeconds,
    });
    if (answer.status !== 201) throw new Error(`Not accepted: ${JSON.stringify(answer.body)}`);
    return answer.body.id;
  }

  /** A schedule for every second: what it starts and when shows how clocks are gone by. */
  beginMetronome(): Promise<string> {
    return this.schedule({ kind: 'interval', everySeconds: 1 }, { policy: 'all', graceSeconds: 3_600 });
  }

  async endSchedule(id: string): Promise<void> {
    await this.installation.look(
      "UPDATE schedules SET state = 'ended', state_reason = 'completed', next_run_at = NULL WHERE id = $1",
      [id],
    );
  }

  /** Its history, in the order of due times. */
  runs(scheduleId: string): Promise<RunRow[]> {
    return this.installation.look<RunRow>(
      `SELECT (extract(epoch FROM due_at) * 1000)::float8 AS "dueMs", state, reason FROM occurrences
       WHERE schedule_id = $1 ORDER BY due_at`,
      [scheduleId],
    );
  }

  countStarted(scheduleId: string): Promise<number> {
    return this.installation.count("FROM occurrences WHERE schedule_id = $1 AND state = 'started'", [
      scheduleId,
    ]);
  }

  /** Waits until the schedule has started more of its runs. */
  async untilStarted(scheduleId: string, more: number): Promise<void> {
    const before = await this.countStarted(scheduleId);
    await waitUntil(async () => (await this.countStarted(scheduleId)) >= before + more, PATIENCE_MS);
  }

  /** How many messages have arrived at all. */
  async countArrivals(): Promise<number> {
    return (await this.tenant.summary()).effects;
  }

  /** All that was asked for has an end. */
  async untilQuiet(): Promise<void> {
    const lookForUnfinished = (): Promise<unknown[]> =>
      this.installation.look(
        `SELECT 'broadcast' AS what, to_jsonb(b) AS found FROM broadcasts b WHERE b.state IN ('planning', 'sending')
         UNION ALL SELECT 'delivery', to_jsonb(d) || to_jsonb(l) || coalesce(to_jsonb(o), '{}')
           FROM (SELECT * FROM ${LEFT}) d JOIN lanes l ON l.bot_no = d.bot_no LEFT JOIN lane_owners o ON o.no = l.owner
         UNION ALL SELECT 'occurrence', to_jsonb(o) FROM occurrences o WHERE o.state = 'waiting' LIMIT 10`,
      );
    let left: unknown[] = [];
    try {
      await waitUntil(async () => (left = await lookForUnfinished()).length === 0, PATIENCE_MS);
    } catch (error) {
      throw new Error(`Unfinished: ${JSON.stringify(left)}`, { cause: error });
    }
  }

  /** Holds what the rows say against what arrived: for each text and chat once for each broadcast, and no more. */
  async audit(report: ProofReport): Promise<void> {
    const rows = await this.installation.look<SentRow>(
      `SELECT m.content->>'text' AS text, c.telegram_chat_id::text AS "telegramChatId",
         count(*) FILTER (WHERE d.state = 2)::int AS sent, count(*) FILTER (WHERE d.state = 4)::int AS unknown,
         count(*) FILTER (WHERE d.state NOT IN (2, 4))::int AS others
       FROM deliveries d JOIN broadcasts b ON b.no = d.source_no AND b.planned_on = d.planned_on
         JOIN messages m ON m.id = b.message_id JOIN chats c ON c.no = d.chat_no
       WHERE d.class = 1 GROUP BY 1, 2`,
    );
    const arrived = new Map<string, number>();
    for (const text of new Set(rows.map((row) => row.text))) {
      for (const { chatId, hasEffect } of await this.tenant.ledger(text)) {
        const key = `${text} ${chatId}`;
        if (hasEffect) arrived.set(key, (arrived.get(key) ?? 0) + 1);
      }
    }
    for (const { text, telegramChatId, sent, unknown, others } of rows) {
      const count = arrived.get(`${text} ${telegramChatId}`) ?? 0;
      const where = `${text} to ${telegramChatId}: ${count} arrived, ${sent} sent, ${unknown} unknown, ${others} others`;
      for (let surplus = sent + unknown; surplus < count; surplus += 1) report.find('doubled', where);
      for (let missing = count; missing < sent; missing += 1) report.find('lost', where);
      for (let left = 0; left < others; left += 1) report.find('lost', where);
      report.add('deliveries', sent + unknown + others);
      report.add('unknown', unknown);
    }
    const short = await this.installation.look<{ id: string; missing: number }>(
      `SELECT b.id, (CASE WHEN b.schedule_id IS NULL THEN $1 ELSE 1 END - count(d.chat_no))::int AS missing
       FROM broadcasts b LEFT JOIN deliveries d ON d.source_no = b.no AND d.class = 1 AND d.planned_on = b.planned_on
       GROUP BY b.id, b.schedule_id HAVING count(d.chat_no) <> CASE WHEN b.schedule_id IS NULL THEN $1 ELSE 1 END`,
      [this.people],
    );
    for (const { id, missing } of short)
      report.find('lost', `${missing} of broadcast ${id} were never planned`);
    const unstarted = await this.installation.count(
      "FROM occurrences WHERE state NOT IN ('started', 'skipped') OR state = 'started' AND broadcast_id IS NULL",
    );
    for (let one = 0; one < unstarted; one += 1)
      report.find('lost', 'a due time that was neither started nor skipped');
  }

  private nextName(what: string): string {
    this.names += 1;
    return `${what} ${String(this.names).padStart(4, '0')}`;
  }
}
