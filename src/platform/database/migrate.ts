import { DataSource } from 'typeorm';
import { Foundation1700000000001 } from './migrations/0001-foundation.js';
import { Trust1700000000002 } from './migrations/0002-trust.js';
import { Accounts1700000000003 } from './migrations/0003-accounts.js';
import { Team1700000000004 } from './migrations/0004-team.js';
import { Operators1700000000005 } from './migrations/0005-operators.js';
import { Records1700000000006 } from './migrations/0006-records.js';
import { Time1700000000008 } from './migrations/0008-time.js';
import { Posts1700000000009 } from './migrations/0009-posts.js';
import { Sequences1700000000010 } from './migrations/0010-sequences.js';
import { AuditChain1700000000011 } from './migrations/0011-audit-chain.js';

const MIGRATIONS = [
  Foundation1700000000001,
  Trust1700000000002,
  Accounts1700000000003,
  Team1700000000004,
  Operators1700000000005,
  Records1700000000006,
  Time1700000000008,
  Posts1700000000009,
  Sequences1700000000010,
  AuditChain1700000000011,
];

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
