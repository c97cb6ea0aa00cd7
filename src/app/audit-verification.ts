import pg from 'pg';
import { type Configuration } from '../config/index.js';
import { DispatcherDatabase } from '../platform/database/index.js';
import { verifyChain } from '../tenants/index.js';
import { openDatabase } from './databases.js';

/**
 * Follows the chain of every tenant's audit log.
 *
 * @param say told of each chain that is broken, and of all at the end
 * @returns whether all of them hold
 */
export async function verifyAudit(
  configuration: Configuration,
  log: (line: string) => void,
  say: (line: string) => void,
): Promise<boolean> {
  const opened = await openDatabase(configuration, log);
  const pool = new pg.Pool({ connectionString: opened.urls.dispatcher, max: 1 });
  try {
    const database = new DispatcherDatabase(pool);
    const tenants = await database.query<{ id: string }>('SELECT id FROM tenants ORDER BY id');
    let entriesInAll = 0;
    let isWhole = true;
    for (const { id } of tenants) {
      const { entries, broken } = await verifyChain((sql, parameters) => database.query(sql, parameters), id);
      entriesInAll += entries;
      if (!broken) continue;
      isWhole = false;
      say(`tenant ${id}: entry ${broken.number} is ${broken.problem}`);
    }
    say(
      `${entriesInAll} entries of ${tenants.length} tenants hold${isWhole ? '' : '; see above for the rest'}`,
    );
    return isWhole;
  } finally {
    await pool.end();
    await opened.close();
  }
}
