// A migrated database of its own, for a bench or a proof.
import { randomBytes } from 'node:crypto';
import pg from 'pg';

/**
 * Makes the database anew on a server where we are superuser.
 *
 * @param {string} serverUrl
 * @param {string} name dropped first where it is there
 * @returns {Promise<{ owner: string, app: string, dispatcher: string, superuser: string }>} its address for each login
 */
export async function makeFreshDatabase(serverUrl, name) {
  const { prepareDatabase, migrate } = await import('../dist/platform/database/index.js');
  const { migrateQueue } = await import('../dist/platform/queue/index.js');
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  } finally {
    await client.end();
  }
  const password = () => randomBytes(16).toString('hex');
  const urls = await prepareDatabase(serverUrl, name, {
    owner: password(),
    app: password(),
    dispatcher: password(),
  });
  await migrate(urls.owner);
  await migrateQueue(urls.owner);
  return { ...urls, superuser: new URL(`/${name}`, serverUrl).href };
}
