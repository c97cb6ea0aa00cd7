import { DataSource } from 'typeorm';
import { Foundation1700000000001 } from './migrations/0001-foundation.js';
import { Trust1700000000002 } from './migrations/0002-trust.js';
import { Time1700000000008 } from './migrations/0008-time.js';

const MIGRATIONS = [Foundation1700000000001, Trust1700000000002, Time1700000000008];

/**
 * Brings the schema to the newest version; safe from several processes at once.
 *
 * @param ownerUrl login that owns the tables
 * @returns names of the migrations that ran now
 */
export async function migrate(ownerUrl: string): Promise<string[]> {
  const source = new DataSource({ type: 'postgres', url: ownerUrl, migrations: MIGRATIONS, poolSize: 2 });
  await source.initialize();
  try {
    const runner = source.createQueryRunner();
    try {
      await runner.query(`SELECT pg_advisory_lock(hashtext('arauto.migrate'))`);
      const ran = await source.runMigrations({ transaction: 'each' });
      return ran.map((migration) => migration.name);
    } finally {
      // The lock belongs to this connection, which goes back to a pool that ends below.
      await runner.query(`SELECT pg_advisory_unlock(hashtext('arauto.migrate'))`);
      await runner.release();
    }
  } finally {
    await source.destroy();
  }
}
