import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { PASSWORD, type SignedUpTenant, signUpTenant } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { type Answer, ApiClient } from '../../harness/client.js';

export interface SessionBody {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** The API alone, somebody without a session, and the tables of people. */
export class AccountScene {
  private constructor(
    readonly application: TestApplication,
    readonly anonymous: ApiClient,
    private readonly dispatcher: pg.Pool,
  ) {}

  static async open(environment: Record<string, string> = {}): Promise<AccountScene> {
    const application = await startTestApplication({ ARAUTO_ROLES: 'api', ...environment });
    const dispatcher = new pg.Pool({ connectionString: application.database.urls.dispatcher, max: 1 });
    return new AccountScene(application, new ApiClient(application.url), dispatcher);
  }

  get mailbox() {
    return this.application.mailbox;
  }

  signUp = (name?: string): Promise<SignedUpTenant> => signUpTenant(this.application.url, name);

  confirmAddressOf = (userId: string): Promise<unknown[]> =>
    this.look('UPDATE users SET email_confirmed_at = now() WHERE id = $1', [userId]);

  signIn = (email: string, password = PASSWORD, more: object = {}): Promise<Answer<SessionBody>> =>
    this.anonymous.post('/auth/sign-in', { email, password, ...more });

  /** Signs in as another device would. */
  async openSession(email: string, password = PASSWORD, more: object = {}): Promise<ApiClient> {
    const answer = await this.signIn(email, password, more);
    if (answer.status !== 200) throw new Error(`Sign-in failed: ${JSON.stringify(answer.body)}`);
    return this.as(answer.body.accessToken);
  }

  as(accessToken: string): ApiClient {
    return new ApiClient(this.application.url, accessToken);
  }

  async look<Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    const { rows } = await this.dispatcher.query(sql, parameters);
    return rows as Row[];
  }

  /** Makes a person a member of another tenant. */
  async join(userId: string, tenantId: string): Promise<void> {
    await this.look(`INSERT INTO members (tenant_id, user_id, role) VALUES ($1, $2, 'viewer')`, [
      tenantId,
      userId,
    ]);
  }

  /** What the audit log of the tenant says, oldest first. */
  async auditOf(tenantId: string): Promise<{ action: string; details: Record<string, unknown> }[]> {
    return this.look('SELECT action, details FROM audit_entries WHERE tenant_id = $1 ORDER BY id', [
      tenantId,
    ]);
  }

  async end(): Promise<void> {
    await this.dispatcher.end();
    await this.application.close();
  }
}

export const unusedEmail = (): string => `${randomUUID()}@example.org`;

/** What of an answer may tell somebody something: all but what differs between any two requests. */
export function tellingParts({ status, headers, body }: Answer<unknown>) {
  const shown = [...headers].filter(([name]) => name !== 'date' && name !== 'x-request-id');
  return { status, headers: shown, body: JSON.stringify(body ?? null).replace(/"requestId":"[^"]*"/, '') };
}
