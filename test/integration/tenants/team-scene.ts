import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { type TenantRole } from '../../../src/platform/identity/index.js';
import { PASSWORD, type SignedUpTenant, signUpTenant } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { ApiClient } from '../../harness/client.js';
import { Mailbox, type ReceivedMail } from '../../harness/mailbox.js';
import { waitUntil } from '../../harness/wait.js';

const LINK = /\/join#token=([\w-]{43})/;

/** The API, the folder that mails go to, and a look into the database. */
export class TeamScene {
  private readonly mailbox: Mailbox;

  private constructor(
    readonly application: TestApplication,
    private readonly superuser: Client,
    private readonly home: string,
  ) {
    this.mailbox = new Mailbox(home);
  }

  static async open(environment: Record<string, string> = {}): Promise<TeamScene> {
    const home = mkdtempSync(join(tmpdir(), 'arauto-team-'));
    const application = await startTestApplication({
      ARAUTO_ROLES: 'api',
      ARAUTO_HOME: home,
      ...environment,
    });
    const superuser = new Client({ connectionString: application.database.urls.superuser });
    await superuser.connect();
    return new TeamScene(application, superuser, home);
  }

  async end(): Promise<void> {
    await this.superuser.end();
    await this.application.close();
    rmSync(this.home, { recursive: true, force: true });
  }

  /** With a confirmed address. */
  signUp = async (name?: string): Promise<SignedUpTenant> => {
    const tenant = await signUpTenant(this.application.url, name);
    await this.look('UPDATE users SET email_confirmed_at = now() WHERE id = $1', [tenant.userId]);
    return tenant;
  };
  anonymous = (): ApiClient => new ApiClient(this.application.url);

  /** Rows as a superuser sees them, past every policy. */
  async look<Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    return (await this.superuser.query(sql, parameters)).rows as Row[];
  }

  /** What the tenant's audit log says of acts like this one, oldest first. */
  audited(tenantId: string, action: string): Promise<{ action: string; details: Record<string, unknown> }[]> {
    return this.look(
      'SELECT action, details FROM audit_entries WHERE tenant_id = $1 AND action LIKE $2 ORDER BY id',
      [tenantId, action],
    );
  }

  /** The mail of the newest invitation to an address, once there are as many. */
  async invitationTo(email: string, count = 1): Promise<ReceivedMail> {
    let mails: ReceivedMail[] = [];
    await waitUntil(async () => {
      mails = (await this.mailbox.listTo(email)).filter(({ text }) => LINK.test(text));
      return mails.length >= count;
    });
    return mails.at(-1) as ReceivedMail;
  }

  async tokenOf(email: string, count = 1): Promise<string> {
    const { text } = await this.invitationTo(email, count);
    return LINK.exec(text)?.[1] ?? '';
  }

  /** Invites the person and accepts for them; they sign in to the tenant. */
  async addMember(owner: SignedUpTenant, role: TenantRole): Promise<SignedUpTenant> {
    const person = await this.signUp();
    const { email } = person;
    const invited = await owner.client.post('/tenant/invitations', { email, role });
    if (invited.status !== 201) throw new Error(JSON.stringify(invited.body));
    const accepted = await person.client.post('/invitations/accept', { token: await this.tokenOf(email) });
    if (accepted.status !== 200) throw new Error(JSON.stringify(accepted.body));
    const { body } = await this.anonymous().post<{ accessToken: string; refreshToken: string }>(
      '/auth/sign-in',
      { email, password: PASSWORD, tenantId: owner.tenantId },
    );
    return {
      ...person,
      ...body,
      tenantId: owner.tenantId,
      client: new ApiClient(this.application.url, body.accessToken),
    };
  }
}
