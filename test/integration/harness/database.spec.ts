import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../../harness/database.js';

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}

describe('a test database', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it.each([
    ['owner', 'arauto_owner'],
    ['app', 'arauto_app'],
    ['dispatcher', 'arauto_dispatcher'],
  ] as const)('lets in the login of the %s', async (role, login) => {
    const client = await connect(database.urls[role]);
    const { rows } = await client.query('SELECT current_user AS login, current_database() AS name');
    await client.end();
    expect(rows).toEqual([{ login, name: database.name }]);
  });

  it('belongs to the owner and is nobody else’s', async () => {
    const other = await createTestDatabase();
    const client = await connect(database.urls.owner);
    await client.query('CREATE TABLE mark (id int)');
    await client.end();
    const otherClient = await connect(other.urls.owner);
    const { rows } = await otherClient.query("SELECT to_regclass('mark') AS mark");
    await otherClient.end();
    await other.drop();
    expect(other.name).not.toBe(database.name);
    expect(rows).toEqual([{ mark: null }]);
  });

  it('fails a test file that leaves a connection open, and is gone all the same', async () => {
    const leaky = await createTestDatabase();
    const leaked = await connect(leaky.urls.app);
    const ended = new Promise((resolve) => leaked.on('error', resolve));
    await expect(leaky.drop()).rejects.toThrow(/arauto_app/);
    await ended;
    await expect(connect(leaky.urls.superuser)).rejects.toThrow(/does not exist/);
  }, 20_000);
});
