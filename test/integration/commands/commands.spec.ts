import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PASSWORD } from '../../harness/accounts.js';
import { createTestDatabase, type TestDatabase } from '../../harness/database.js';
import { buildProduct, homeDirectory } from '../../harness/product.js';
import { typeCommand } from './typed-command.js';

describe('the commands of the built program', () => {
  let database: TestDatabase;
  let home: string;
  let settings: Record<string, string>;
  beforeAll(async () => {
    await buildProduct();
    database = await createTestDatabase();
    home = mkdtempSync(join(tmpdir(), 'arauto-test-'));
    settings = {
      ARAUTO_HOME: home,
      DATABASE_URL: database.urls.app,
      DATABASE_DISPATCHER_URL: database.urls.dispatcher,
      DATABASE_OWNER_URL: database.urls.owner,
    };
  }, 120_000);
  afterAll(async () => {
    rmSync(home, { recursive: true });
    await database.drop();
  });

  it('say what there is, and what is wrong with what was typed, without repeating it', async () => {
    const help = await typeCommand(['help'], {});
    expect(help).toMatchObject({ exitCode: 0, errors: '' });
    for (const words of ['migrate', 'operator', 'keys rotate', 'audit verify']) {
      expect(help.output).toContain(`arauto ${words}`);
    }
    const unknown = await typeCommand(['hunter2'], {});
    expect(unknown).toMatchObject({ exitCode: 2, output: '' });
    expect(unknown.errors).toContain('Usage: arauto');
    const misspelt = await typeCommand(['keys', 'rotate', '--hunter2'], settings);
    expect(misspelt).toMatchObject({ exitCode: 2, output: '' });
    expect(misspelt.errors).toContain('Usage: arauto keys rotate [--data-keys]');
    expect(unknown.errors + misspelt.errors).not.toContain('hunter2');
  });

  it('migrate, and need the login for it', async () => {
    const migrated = await typeCommand(['migrate'], settings);
    expect(migrated).toEqual({ exitCode: 0, output: 'the database is up to date\n', errors: '' });
    const { DATABASE_OWNER_URL: _, ...without } = settings;
    const refused = await typeCommand(['migrate'], without);
    expect(refused).toMatchObject({ exitCode: 1, output: '' });
    expect(refused.errors).toContain('DATABASE_OWNER_URL is needed');
  });

  it('make and list an operator', async () => {
    writeFileSync(join(home, 'password'), PASSWORD);
    const create = ['operator', 'create', '--email', 'ops@example.org'];
    const made = await typeCommand([...create, '--password-file', join(home, 'password')], settings);
    expect(made).toMatchObject({ exitCode: 0, errors: '' });
    expect(made.output).toContain('ops@example.org is an operator now');
    expect((await typeCommand(['operator', 'list'], settings)).output).toContain('ops@example.org');
  });

  it('rotate keys and verify the audit log', async () => {
    const rotated = await typeCommand(['keys', 'rotate', '--data-keys'], settings);
    expect(rotated.exitCode).toBe(0);
    expect(JSON.parse(rotated.output)).toMatchObject({ rewrapped: 0, unreadable: 0 });
    const verified = await typeCommand(['audit', 'verify'], settings);
    expect(verified).toMatchObject({ exitCode: 0, output: '0 entries of 0 tenants hold\n' });
  });

  it('can be typed by the name that the package gives them', async () => {
    const { bin } = JSON.parse(readFileSync(join(homeDirectory, 'package.json'), 'utf8')) as {
      bin: { arauto: string };
    };
    expect(statSync(join(homeDirectory, bin.arauto)).mode & 0o111).not.toBe(0);
    const { stdout } = await promisify(execFile)(join(homeDirectory, bin.arauto), ['help']);
    expect(stdout).toContain('arauto migrate');
  });
});
