import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { type RunningSandbox, type SandboxOptions } from '../../../src/sandbox/index.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { createTestDatabase, type TestDatabase } from '../../harness/database.js';
import { SceneTenant, UNPACED } from '../../harness/scene.js';
import { ControlClient, openSandbox, SANDBOX_SECRET } from '../sandbox/control-client.js';

/** A sandbox, a database to look into, and the application in as many parts as a test wants. */
export class DeliveryScene {
  private readonly applications: TestApplication[] = [];

  private constructor(
    readonly sandbox: RunningSandbox,
    readonly database: TestDatabase,
    private readonly superuser: Client,
    private readonly environment: Record<string, string>,
  ) {}

  /** @param environment settings of every application of the scene; without any, nothing is paced */
  static async open(
    environment: Record<string, string> = UNPACED,
    sandboxOptions: Partial<SandboxOptions> = {},
  ): Promise<DeliveryScene> {
    const sandbox = await openSandbox(sandboxOptions);
    const database = await createTestDatabase();
    const superuser = new Client({ connectionString: database.urls.superuser });
    await superuser.connect();
    // Processes of one installation share its keys: who sends must read what who registered has sealed.
    const keys = Object.fromEntries(
      ['ENCRYPTION_KEY', 'SESSION_KEY'].map((name) => [name, randomBytes(32).toString('base64')]),
    );
    return new DeliveryScene(sandbox, database, superuser, {
      ...keys,
      SANDBOX_KEY: SANDBOX_SECRET,
      SANDBOX_URL: sandbox.url,
      ...environment,
    });
  }

  /** @param more settings of this application beside those of the scene */
  async start(
    roles = 'api,scheduler,worker,poller',
    more: Record<string, string> = {},
  ): Promise<TestApplication> {
    const application = await startTestApplication(
      { ...this.environment, ARAUTO_ROLES: roles, ...more },
      { database: this.database },
    );
    this.applications.push(application);
    return application;
  }

  /** @param isLimited whether the sandbox holds this tenant to Telegram's limits */
  signUp(isLimited = false): Promise<SceneTenant> {
    return SceneTenant.signUp(this.applications[0]!.url, new ControlClient(this.sandbox.url), isLimited);
  }

  /** Rows as a superuser sees them, past every policy. */
  async look<Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    return (await this.superuser.query(sql, parameters)).rows as Row[];
  }

  async isLaneFree(botId: string): Promise<boolean> {
    const rows = await this.look<{ owner: string | null }>(
      'SELECT l.owner FROM lanes l JOIN bots b ON b.no = l.bot_no WHERE b.id = $1',
      [botId],
    );
    return rows[0]?.owner === null;
  }

  async close(application: TestApplication): Promise<void> {
    this.applications.splice(this.applications.indexOf(application), 1);
    await application.close();
  }

  async end(): Promise<void> {
    for (const application of [...this.applications].reverse()) await this.close(application);
    await this.sandbox.close();
    await this.superuser.end();
    await this.database.drop();
  }
}
