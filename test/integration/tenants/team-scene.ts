import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { type TenantRole } from '../../../src/platform/identity/index.js';
import { PASSWORD, type SignedUpTenant, signUpTenant } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { ApiClient } from '../../harness/client.js';
import { waitUntil } from '../../harness/wait.js';

/** A mail as it was written into the folder. */
export interface WrittenMail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** The API, the folder that mails go to, and a look into the database. */
export class TeamScene {
  private constructor(
    readonly application: TestApplication,
    private readonly superuser: Client,
    private readonly home: string,
  ) {}

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

  signUp = (name?: string): Promise<SignedUpTenant> => signUpTenant(this.application.url, name);
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

  /** The newest mail to an address, once it has been written. */
  async mailTo(email: string, count = 1): Promise<WrittenMail> {
    const folder = join(this.home, 'mail');
    let mails: WrittenMail[] = [];
    await waitUntil(() => {
      mails = readMails(folder).filter(({ to }) => to === email);
      return mails.length >= count;
    });
    return mails.at(-1) as WrittenMail;
  }

  /** The token of the newest invitation to an address. */
  async tokenOf(email: string, count = 1): Promise<string> {
    const { text } = await this.mailTo(email, count);
    return /#token=([\w-]+)/.exec(text)?.[1] ?? '';
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

function readMails(folder: string): WrittenMail[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names.sort().flatMap((name) => {
    const parts = /^To: (.*)\nSubject: (.*)\n\n([^]*)\n$/.exec(readFileSync(join(folder, name), 'utf8'));
    // One that is being written has no end yet.
    return parts ? [{ to: parts[1] ?? '', subject: parts[2] ?? '', text: parts[3] ?? '' }] : [];
  });
}
