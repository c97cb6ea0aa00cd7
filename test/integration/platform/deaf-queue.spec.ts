import { Client } from 'pg';
import { startTestApplication } from '../../harness/application.js';
import { createTestDatabase, type TestDatabase } from '../../harness/database.js';

describe('a queue in PostgreSQL that can’t be opened', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  const asOwner = async (sql: string): Promise<void> => {
    const client = new Client({ connectionString: database.urls.owner });
    await client.connect();
    await client.query(sql);
    await client.end();
  };

  it.each(['scheduler', 'worker', 'api'])('lets no %s start that would be deaf ever after', async (role) => {
    await asOwner('ALTER TABLE bullmq.migration RENAME TO away');
    const start = async (): Promise<void> => {
      const application = await startTestApplication({ ARAUTO_ROLES: role }, { database });
      await application.close();
    };
    await expect(start()).rejects.toThrow('migration');
    await asOwner('ALTER TABLE bullmq.away RENAME TO migration');
    await expect(start()).resolves.toBeUndefined();
  });
});
