import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { type DatabaseUrls, migrate, prepareDatabase } from '../../src/platform/database/index.js';
import { migrateQueue } from '../../src/platform/queue/index.js';

export interface TestDatabase {
  readonly urls: DatabaseUrls;
  drop(): Promise<void>;
}

/** A database of its own for one test file. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const superuserUrl = process.env['TEST_DATABASE_URL'];
  if (!superuserUrl) throw new Error('TEST_DATABASE_URL is not set; run the tests with `npm test`.');
  const name = `test_${randomBytes(6).toString('hex')}`;
  const urls = await prepareDatabase(superuserUrl, name, { owner: 'test', app: 'test', dispatcher: 'test' });
  await migrate(urls.owner);
  await migrateQueue(urls.owner);
  return {
    urls,
    drop: async () => {
      const client = new pg.Client({ connectionString: superuserUrl });
      await client.connect();
      await client.query(`DROP DATABASE ${name}`);
      await client.end();
    },
  };
}
