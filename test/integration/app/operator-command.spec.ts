import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOperatorCommand } from '../../../src/app/index.js';
import { readConfiguration } from '../../../src/config/index.js';
import { PASSWORD, signUpTenant } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { ApiClient } from '../../harness/client.js';
import { signInOperator } from '../../harness/operators.js';

describe('the command for operators', () => {
  let application: TestApplication;
  let home: string;
  beforeAll(async () => {
    application = await startTestApplication({ ARAUTO_ROLES: 'api' });
    home = mkdtempSync(join(tmpdir(), 'arauto-test-'));
    writeFileSync(join(home, 'password'), `${PASSWORD}\n`);
    writeFileSync(join(home, 'short'), 'short');
  });
  afterAll(async () => {
    rmSync(home, { recursive: true });
    await application.close();
  });

  /** @returns what it printed */
  async function run(...words: string[]): Promise<string> {
    const { app, dispatcher, owner } = application.database.urls;
    const printed: string[] = [];
    const configuration = readConfiguration({
      NODE_ENV: 'test',
      ARAUTO_HOME: home,
      DATABASE_URL: app,
      DATABASE_DISPATCHER_URL: dispatcher,
      DATABASE_OWNER_URL: owner,
    });
    await runOperatorCommand(configuration, words, (line) => printed.push(line));
    return printed.join('\n');
  }
  const passwordFile = () => ['--password-file', join(home, 'password')];

  it('makes an operator who can sign in, lists and removes them, and prints no password', async () => {
    const email = 'Ops@Example.org';
    const made = await run('create', '--email', email, '--name', 'Ops', ...passwordFile());
    expect(made).toContain('is an operator now');
    const operator = await signInOperator(application.url, 'ops@example.org');
    expect((await operator.client.get('/operator/tenants')).status).toBe(200);
    const listed = await run('list');
    expect(listed).toMatch(/^ops@example\.org {2}Ops {2}since /);
    expect(await run('create', '--email', email)).toContain('already');
    expect(await run('remove', '--email', email)).toContain('no operator any more');
    expect((await operator.client.get('/operator/tenants')).status).toBe(401);
    expect(await run('list')).toContain('no operators yet');
    await expect(run('remove', '--email', email)).rejects.toThrow('is no operator');
    expect(made + listed).not.toContain(PASSWORD);
  });

  it('promotes an account that is there, and leaves its password', async () => {
    const { email } = await signUpTenant(application.url);
    await new ApiClient(application.url).post('/auth/confirm-email', {
      token: await application.mailbox.receiveToken(email),
    });
    const printed = await run('create', '--email', email, '--password-file', join(home, 'short'));
    expect(printed).toContain('keeps its password');
    expect((await signInOperator(application.url, email)).email).toBe(email);
  });

  it('promotes no account whose address nobody proved to be theirs', async () => {
    const { email } = await signUpTenant(application.url);
    await expect(run('create', '--email', email)).rejects.toThrow('asks for a new password first');
    const answer = await new ApiClient(application.url).post('/operator/sign-in', {
      email,
      password: PASSWORD,
    });
    expect(answer.status).toBe(401);
  });

  it.each([
    [['create', '--email', 'new@example.org', '--password', PASSWORD], 'Usage'],
    [['create'], 'Whom?'],
    [['create', 'new@example.org'], 'Usage'],
    [['destroy'], 'Usage'],
    [[], 'Usage'],
    [['create', '--email', 'nobody', '--password-file', 'none'], 'email'],
    [['create', '--email', 'new@example.org', '--password-file', '/nowhere/at/all'], 'could not be read'],
  ])('refuses %j, repeating no password', async (words, message) => {
    const error = await run(...words).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'OperatorCommandError' });
    expect(String(error)).toContain(message);
    expect(String(error)).not.toContain(PASSWORD);
  });

  it('refuses a password that is too short, and makes nobody', async () => {
    await expect(
      run('create', '--email', 'new@example.org', '--password-file', join(home, 'short')),
    ).rejects.toThrow('password');
    const answer = await new ApiClient(application.url).post('/operator/sign-in', {
      email: 'new@example.org',
      password: 'short',
    });
    expect(answer.status).toBe(401);
  });
});
