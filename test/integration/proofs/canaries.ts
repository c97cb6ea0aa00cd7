import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BotScene } from '../bots/bot-scene.js';

/** Columns whose text must stay what it is, or the own tenant could no longer read its row. */
const NEEDED_AS_THEY_ARE = ['time_zone', 'language', 'api_root', 'email', 'password_hash', 'kind', 'method'];

/**
 * Writes the canary into every text column of every row of the tenant.
 *
 * @returns the columns, as `table.column`, and those of them in which no row of the tenant took it
 */
export async function plantCanaries(
  scene: BotScene,
  tenantId: string,
  canary: string,
): Promise<{ columns: string[]; empty: string[] }> {
  const columns = await scene.look<{ table: string; column: string; isUnique: boolean }>(
    `SELECT relname AS table, attname AS column, EXISTS (
         SELECT FROM pg_index WHERE indrelid = pg_class.oid AND indisunique AND attnum = ANY (indkey)) AS "isUnique"
       FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
        AND attnum > 0 AND NOT attisdropped AND atttypid = 'text'::regtype AND attname <> ALL ($1)
        AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'tenant_id')
        AND NOT EXISTS (SELECT FROM pg_constraint
                        WHERE conrelid = pg_class.oid AND contype = 'c' AND attnum = ANY (conkey))`,
    [NEEDED_AS_THEY_ARE],
  );
  await plantMissingRows(scene, tenantId);
  const empty: string[] = [];
  for (const { table, column, isUnique } of columns) {
    // Of what must be unique, one row takes it: the audit log takes no change at all, but from a superuser.
    const written = await scene.look(
      `UPDATE ${table} SET ${column} = $1 WHERE tenant_id = $2
         ${isUnique ? `AND ctid = (SELECT ctid FROM ${table} WHERE tenant_id = $2 LIMIT 1)` : ''} RETURNING 1`,
      [canary, tenantId],
    );
    if (written.length === 0) empty.push(`${table}.${column}`);
  }
  await scene.look('UPDATE tenants SET name = $1 WHERE id = $2', [canary, tenantId]);
  return { columns: columns.map(({ table, column }) => `${table}.${column}`), empty };
}

/** One row in every table where the tenant has none. */
async function plantMissingRows(scene: BotScene, tenantId: string): Promise<void> {
  const [present] = await scene.look<{ isPresent: boolean }>(
    `SELECT to_regprocedure('pg_temp.owned_tables()') IS NOT NULL AS "isPresent"`,
  );
  if (!present?.isPresent)
    await scene.look(await readFile(join(__dirname, '../../harness/planting.sql'), 'utf8'));
  const tables = await scene.look<{ name: string }>(
    `SELECT name FROM pg_temp.owned_tables() WHERE owner_column = 'tenant_id'`,
  );
  await scene.look('SET session_replication_role = replica');
  for (const { name } of tables) {
    await scene.look(
      `SELECT pg_temp.plant($1, 'tenant_id', $2) WHERE NOT EXISTS (SELECT FROM ${name} WHERE tenant_id = $2)`,
      [name, tenantId],
    );
  }
  await scene.look('SET session_replication_role = origin');
}
