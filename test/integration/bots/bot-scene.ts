import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { ApiAccessOracle, ROOMS, type Room } from '../../../src/app/index.js';
import { type RunningSandbox } from '../../../src/sandbox/index.js';
import { type SignedUpTenant, signUpTenant } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { createTestDatabase, type TestDatabase } from '../../harness/database.js';
import { ProductProcess } from '../../harness/processes.js';
import { buildProduct } from '../../harness/product.js';
import { ControlClient, openSandbox, SANDBOX_SECRET } from '../sandbox/control-client.js';

/** A bot as the API shows it. */
export interface BotBody extends Record<string, unknown> {
  readonly id: string;
  readonly state: string;
  readonly stateReason: string | null;
  readonly updatesMode: string;
  readonly chats: { active: number; stopped: number; unreachable: number };
}

/** A sandbox bot that a tenant connected. */
export interface SceneBot {
  readonly id: string;
  readonly sandboxId: number;
  readonly token: string;
  readonly username: string;
}

/** The application, a sandbox beside it, and a database to look into. */
export class BotScene {
  private constructor(
    readonly sandbox: RunningSandbox,
    readonly database: TestDatabase,
    private readonly superuser: Client,
    readonly control: ControlClient,
  ) {}

  private readonly applications: TestApplication[] = [];
  private readonly processes: ProductProcess[] = [];
  /** Processes of one installation share their keys. */
  private readonly keys = {
    ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    SESSION_KEY: randomBytes(32).toString('base64'),
    SANDBOX_KEY: SANDBOX_SECRET,
  };

  static async open(): Promise<BotScene> {
    const started: { scene?: BotScene } = {};
    const sandbox = await openSandbox({
      accessOracle: new ApiAccessOracle(() => started.scene?.applications[0]?.url ?? 'http://127.0.0.1:9'),
    });
    const database = await createTestDatabase();
    const superuser = new Client({ connectionString: database.urls.superuser });
    await superuser.connect();
    started.scene = new BotScene(sandbox, database, superuser, new ControlClient(sandbox.url));
    return started.scene;
  }

  async start(
    roles: string,
    environment: Record<string, string> = {},
    rooms: readonly Room[] = ROOMS,
  ): Promise<TestApplication> {
    const application = await startTestApplication(
      { ARAUTO_ROLES: roles, SANDBOX_URL: this.sandbox.url, ...this.keys, ...environment },
      { database: this.database, rooms },
    );
    this.applications.push(application);
    return application;
  }

  /** The program as it is built, in a process of its own beside those that {@link start} started. */
  async startProcess(roles: string): Promise<ProductProcess> {
    await buildProduct();
    const { app, dispatcher } = this.database.urls;
    const home = this.applications[0]?.home;
    if (home === undefined) throw new Error('Start an application first: its mail goes to the same folder.');
    const started = await ProductProcess.start(roles, {
      ARAUTO_HOME: home,
      DATABASE_URL: app,
      DATABASE_DISPATCHER_URL: dispatcher,
      SANDBOX_URL: this.sandbox.url,
      ...this.keys,
    });
    this.processes.push(started);
    return started;
  }

  /** With a confirmed address. */
  async signUp(name?: string): Promise<SignedUpTenant> {
    const [application] = this.applications;
    if (!application) throw new Error('Start an application with the role api first.');
    const tenant = await signUpTenant(application.url, name);
    await this.look('UPDATE users SET email_confirmed_at = now() WHERE id = $1', [tenant.userId]);
    return tenant;
  }

  /** Makes a bot in the sandbox and connects it. */
  async connect(tenant: SignedUpTenant): Promise<SceneBot> {
    const bot = await this.control.createBot('Herald');
    const answer = await tenant.client.post<BotBody>('/bots', { token: bot.token, environment: 'sandbox' });
    if (answer.status !== 201) throw new Error(`Connecting failed: ${JSON.stringify(answer.body)}`);
    return { id: answer.body.id, sandboxId: bot.id, token: bot.token, username: bot.username };
  }

  /** Rows as a superuser sees them, past every policy. */
  async look<Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    const { rows } = await this.superuser.query(sql, parameters);
    return rows as Row[];
  }

  async close(application: TestApplication): Promise<void> {
    this.applications.splice(this.applications.indexOf(application), 1);
    await application.close();
  }

  async end(): Promise<void> {
    await Promise.all(this.processes.map((one) => one.end()));
    await Promise.all(this.applications.map((application) => application.close()));
    await this.sandbox.close();
    await this.superuser.end();
    await this.database.drop();
  }
}

/** Waits until it is so; fails after a while (a lease of a dead process lasts 10 s) instead of sleeping for luck. */
export async function waitUntil<Value>(
  look: () => Promise<Value | false | undefined>,
  atMostMs = 20_000,
): Promise<Exclude<Value, false>> {
  const deadlineMs = performance.now() + atMostMs;
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== false) return value as Exclude<Value, false>;
    if (performance.now() > deadlineMs) throw new Error(`Waited in vain for ${look.toString()}`);
    await wait(20);
  }
}
