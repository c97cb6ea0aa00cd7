import { randomUUID } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { Client } from 'pg';
import { Configuration, readConfiguration } from '../../../src/config/index.js';
import { DatabaseModule, UnsafeDatabaseError } from '../../../src/platform/database/index.js';
import { Metrics } from '../../../src/platform/metrics/index.js';
import { refuseUnsafeDatabase } from '../../../src/platform/database/start-up-check.js';
import { AccountScene } from '../auth/account-scene.js';

/** Roles are the whole server's, so what a case makes of them is rolled back and nobody else sees it. */
describe('a database that is set up unsafely', () => {
  const login = `login_${randomUUID().slice(0, 8)}`;
  const other = `${login}_other`;
  let scene: AccountScene;
  let superuser: Client;
  let app: Client;
  let dispatcher: Client;

  beforeAll(async () => {
    scene = await AccountScene.open();
    const { urls } = scene.application.database;
    const open = async (connectionString: string): Promise<Client> => {
      const client = new Client({ connectionString });
      await client.connect();
      return client;
    };
    [superuser, app, dispatcher] = [
      await open(urls.superuser),
      await open(urls.app),
      await open(urls.dispatcher),
    ];
  });
  afterAll(async () => {
    for (const client of [superuser, app, dispatcher]) await client.end();
    await scene.end();
  });

  /** What is said when the login that these statements make serves tenants, or crosses them. */
  async function refusalOf(statements: string[], serves: 'app' | 'dispatcher' = 'app'): Promise<string> {
    await superuser.query('BEGIN');
    try {
      for (const statement of statements) await superuser.query(statement);
      await superuser.query(`SET SESSION AUTHORIZATION ${login}`);
      const outcome = refuseUnsafeDatabase(
        serves === 'app' ? superuser : app,
        serves === 'app' ? dispatcher : superuser,
        false,
      );
      return await outcome.then(
        () => 'accepted',
        (error: unknown) => {
          if (error instanceof UnsafeDatabaseError) return error.message;
          throw error;
        },
      );
    } finally {
      await superuser.query('ROLLBACK');
      await superuser.query('RESET SESSION AUTHORIZATION');
    }
  }
  const plain = `CREATE ROLE ${login} LOGIN`;
  // Of its own: a table that is there would be locked for the other login.
  const table = 'CREATE TABLE notes (tenant_id uuid NOT NULL)';

  it.each([
    ['a superuser', [`CREATE ROLE ${login} LOGIN SUPERUSER`], /is superuser or bypasses/],
    ['one that bypasses row-level security', [`CREATE ROLE ${login} LOGIN BYPASSRLS`], /bypasses row-level/],
    ['an owner of a table', [plain, table, `ALTER TABLE notes OWNER TO ${login}`], /owns tables.*\(notes\)/],
    ['a member of the owner', [plain, `GRANT arauto_owner TO ${login}`], /owns tables/],
    [
      'a member of a role that bypasses row-level security',
      [plain, `CREATE ROLE ${other} BYPASSRLS`, `GRANT ${other} TO ${login}`],
      new RegExp(`as a member \\(of ${other}\\)`),
    ],
    [
      'a member of a member of it, who has to say so first',
      [
        plain,
        `CREATE ROLE ${other} BYPASSRLS`,
        `CREATE ROLE ${other}_2`,
        `GRANT ${other} TO ${other}_2`,
        `GRANT ${other}_2 TO ${login} WITH INHERIT FALSE`,
      ],
      new RegExp(`as a member \\(of ${other}\\)`),
    ],
  ])('is refused where either login is %s', async (_, statements, told) => {
    expect(await refusalOf(statements)).toMatch(told);
    expect(await refusalOf(statements, 'dispatcher')).toMatch(told);
  });

  it.each([
    ['is a member of the one that crosses', [plain, `GRANT arauto_dispatcher TO ${login}`]],
    [
      'has a policy that shows everything',
      [plain, table, `CREATE POLICY more ON notes TO ${login} USING (true) WITH CHECK (false)`],
    ],
    ['finds a policy for everybody', [plain, table, 'CREATE POLICY more ON notes USING (true)']],
  ])('is refused where the login that serves tenants %s', async (_, statements) => {
    expect(await refusalOf(statements)).toMatch(/sees every tenant's rows \(by .*(more|bots_crossing)/);
  });

  it('is refused where one login is both', async () => {
    await expect(refuseUnsafeDatabase(dispatcher, dispatcher, false)).rejects.toThrow(/the same login/);
    await expect(refuseUnsafeDatabase(app, app, false)).rejects.toThrow(/the same login/);
  });

  it('is refused where they are the wrong way round', async () => {
    await expect(refuseUnsafeDatabase(dispatcher, app, false)).rejects.toThrow(/sees every tenant's rows/);
  });

  it('is refused where a commit may be lost, for whichever login', async () => {
    for (const one of [app, dispatcher]) {
      await one.query('SET synchronous_commit = off');
      await expect(refuseUnsafeDatabase(app, dispatcher, true)).rejects.toThrow(
        /(fsync|synchronous_commit) off/,
      );
      await expect(refuseUnsafeDatabase(app, dispatcher, false)).resolves.toBeUndefined();
      await one.query('RESET synchronous_commit');
    }
  });

  it('is taken as it is made, and where a login is a member of who serves tenants', async () => {
    await expect(refuseUnsafeDatabase(app, dispatcher, false)).resolves.toBeUndefined();
    expect(await refusalOf([plain, `GRANT arauto_app TO ${login}`])).toBe('accepted');
  });

  it('stops the program before anything is served', async () => {
    const { home, database } = scene.application;
    const configuration = readConfiguration({ NODE_ENV: 'test', ARAUTO_HOME: home });
    const urls = { ...database.urls, app: database.urls.dispatcher };
    const program = {
      module: class Program {},
      global: true,
      imports: [DatabaseModule.forRoot(urls, [])],
      providers: [{ provide: Configuration, useValue: configuration }, Metrics],
      exports: [Configuration, Metrics],
    };
    await expect(
      NestFactory.createApplicationContext(program, { logger: false, abortOnError: false }),
    ).rejects.toThrow(/the same login/);
  });
});
