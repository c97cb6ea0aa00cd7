import { randomBytes } from 'node:crypto';
import { DispatcherDatabase, HeardPool } from '../../../src/platform/database/index.js';
import { createTestDatabase, type TestDatabase } from '../../harness/database.js';

describe('bytes, read as they are', () => {
  let test: TestDatabase;
  let pool: HeardPool;
  let database: DispatcherDatabase;
  beforeAll(async () => {
    test = await createTestDatabase();
    // One connection: whatever an answer left on it, the next one would stumble over.
    pool = new HeardPool({ connectionString: test.urls.dispatcher, max: 1 });
    database = new DispatcherDatabase(pool);
  });
  afterAll(async () => {
    await pool.end();
    await test.drop();
  });

  it.each([0, 1, 52 * 1024, 3 * 1024 * 1024])('are the same where they are %i', async (length) => {
    const bytes = randomBytes(length);
    const read = await database.readBytes(`SELECT decode($1, 'hex')`, [bytes.toString('hex')]);
    expect(read?.equals(bytes)).toBe(true);
  });

  it.each(['SELECT NULL::bytea', `SELECT ''::bytea WHERE false`])('are none for %s', async (sql) => {
    expect(await database.readBytes(sql, [])).toBeUndefined();
  });

  it('keep apart what is a value and what is not', async () => {
    const said = `'; DROP TABLE assets; --\\ $2`;
    const read = await database.readBytes(`SELECT convert_to($1 || $2, 'UTF8')`, [said, 7]);
    expect(read?.toString()).toBe(`${said}7`);
    await expect(database.readBytes('SELECT $3', ['one'])).rejects.toThrow('no value for $3');
  });

  it('fail with what PostgreSQL says, and the next statement goes on', async () => {
    await expect(database.readBytes('SELECT bytes FROM nowhere', [])).rejects.toThrow('does not exist');
    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
