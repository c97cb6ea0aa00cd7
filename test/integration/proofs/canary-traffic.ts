import { PASSWORD } from '../../harness/accounts.js';
import { Receiver } from '../../harness/receiver.js';
import { type SceneTenant, UNPACED } from '../../harness/scene.js';
import { waitUntil } from '../../harness/wait.js';
import { unzip } from '../../harness/zip.js';
import { DeliveryScene } from '../delivery/delivery-scene.js';
import { plantCanaries } from './canaries.js';

const PEOPLE = 5;
/** For an archive on a machine that does other things too. */
const PATIENCE_MS = 40_000;
const EVENTS = ['bot.connected', 'contact.created', 'broadcast.finished'];

/** What left the installation for one tenant, or was written down of it. */
export interface Traffic {
  readonly place: string;
  readonly text: string;
  /** Of the tenant whose it is; undefined where no tenant has anything to look for. */
  readonly canary: string | undefined;
}

/** A tenant with a canary wherever it can write one, and its own system, which is told of events. */
interface CanaryTenant {
  readonly canary: string;
  readonly tenant: SceneTenant;
  readonly receiver: Receiver;
}

/**
 * Tenants at the same time, with everything at work that a process does in the background: people who write, a broadcast
 * that is watched, webhooks, an export.
 */
export class CanaryTraffic {
  private readonly tenants: CanaryTenant[] = [];
  private readonly traffic: Traffic[] = [];

  private constructor(
    private readonly scene: DeliveryScene,
    private readonly url: string,
  ) {}

  static async open(): Promise<CanaryTraffic> {
    const scene = await DeliveryScene.open({
      ...UNPACED,
      WEBHOOK_PRIVATE_TARGETS: 'true',
      LOG_LEVEL: 'trace',
    });
    try {
      return new CanaryTraffic(scene, (await scene.start()).url);
    } catch (error) {
      await scene.end();
      throw error;
    }
  }

  async end(): Promise<void> {
    await this.scene.end();
    for (const { receiver } of this.tenants) await receiver.close();
  }

  async run(canaries: readonly string[]): Promise<readonly Traffic[]> {
    for (const canary of canaries)
      this.tenants.push({ canary, tenant: await this.scene.signUp(), receiver: await Receiver.open() });
    await Promise.all(this.tenants.map((one) => this.talk(one)));
    // Twice: what the first archive was asked for with is part of the second.
    await Promise.all(this.tenants.map((one) => this.export(one)));
    for (const { tenant, canary } of this.tenants)
      await plantCanaries(this.scene, tenant.account.tenantId, canary);
    await Promise.all(this.tenants.map((one) => this.watch(one)));
    await Promise.all(this.tenants.map((one) => this.export(one)));
    for (const { receiver, canary } of this.tenants)
      for (const { text, headers } of receiver.received)
        this.traffic.push({ place: 'webhooks', text: text + JSON.stringify(headers), canary });
    await this.readJobs();
    return this.traffic;
  }

  /** What tells that something is of this tenant: its canary, its id and its address. */
  marksOf(canary: string): string[] {
    const account = this.tenants.find((one) => one.canary === canary)?.tenant.account;
    if (!account) throw new Error(`There is no tenant ${canary}.`);
    return [canary, account.tenantId, account.email];
  }

  private async talk({ tenant, canary, receiver }: CanaryTenant): Promise<void> {
    const { client, control } = tenant;
    const webhook = { url: `${receiver.url}/${canary}`, events: EVENTS, description: canary };
    if ((await client.post('/webhooks', webhook)).status !== 201) throw new Error('No webhook was made.');
    await client.patch('/tenant', { name: canary });
    const bot = await tenant.connectBot();
    await client.patch(`/bots/${bot.id}`, { name: canary });
    const [personId] = await tenant.startPeople(bot, PEOPLE, canary);
    await control.must('POST', `/people/${personId}/message`, { botId: bot.telegramId, text: canary });
    const { id } = await tenant.broadcast(canary);
    const watched = this.fetch(tenant, `/broadcasts/${id}/events`);
    await tenant.untilEnded(id);
    this.traffic.push({ place: 'events', text: (await watched).toString(), canary });
    for (const row of await tenant.ledger())
      this.traffic.push({ place: 'messages', text: JSON.stringify(row), canary });
    await waitUntil(() => EVENTS.every((event) => receiver.events(event).length > 0));
  }

  /** The report of a broadcast has no words of anybody but why it ended, which has the canary by now. */
  private async watch({ tenant, canary }: CanaryTenant): Promise<void> {
    const { body } = await tenant.client.get<{ items: { id: string }[] }>('/broadcasts');
    for (const { id } of body.items) {
      const text = (await this.fetch(tenant, `/broadcasts/${id}/events`)).toString();
      this.traffic.push({ place: 'events', text, canary });
    }
  }

  private async export({ tenant, canary }: CanaryTenant): Promise<void> {
    const { status, body } = await tenant.client.post<{ id: string }>('/tenant/exports', {
      password: PASSWORD,
    });
    if (status !== 202 && status !== 201) throw new Error(`No export was begun: ${JSON.stringify(body)}`);
    await waitUntil(async () => {
      const answer = await tenant.client.get<{ state: string }>(`/tenant/exports/${body.id}`);
      if (answer.body.state === 'failed') throw new Error('The export failed.');
      return answer.body.state === 'ready';
    }, PATIENCE_MS);
    for (const [name, bytes] of unzip(await this.fetch(tenant, `/tenant/exports/${body.id}/content`)))
      this.traffic.push({ place: `exports of ${name}`, text: bytes.toString('latin1'), canary });
  }

  private async fetch(tenant: SceneTenant, path: string): Promise<Buffer> {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      headers: { authorization: `Bearer ${tenant.account.accessToken}` },
    });
    return Buffer.from(await answer.arrayBuffer());
  }

  /** The queue's tables, where PostgreSQL holds them; a job has ids, and no words of anybody. */
  private async readJobs(): Promise<void> {
    const tables = await this.scene.look<{ name: string }>(
      `SELECT schemaname || '.' || tablename AS name FROM pg_tables
        WHERE schemaname !~ '^(pg_|information_schema|public)'`,
    );
    for (const { name } of tables) {
      const rows = await this.scene.look<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
      const text = rows.map(({ row }) => row).join('\n');
      this.traffic.push({ place: 'jobs', text, canary: undefined });
    }
  }
}
