import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BotScene } from '../bots/bot-scene.js';

/** Columns whose text must stay what it is, or nobody could read or send the row any more. */
const NEEDED_AS_THEY_ARE = [
  ...[
    'schedules.time_zone',
    'schedules.zone_runs',
    'occurrences.time_zone',
    'bots.time_zone',
    'chats.time_zone',
    'post_queues.time_zone',
    'post_queues.slots',
  ],
  'bots.api_root',
];

/** How the canary gets into a column of each type that holds text: beside what is there, where that has a shape. */
const PLANTED: Readonly<Record<string, (column: string) => string>> = {
  text: () => '$1',
  'character varying': () => '$1',
  'text[]': (column) => `${column} || $1::text`,
  jsonb: (column) =>
    `CASE jsonb_typeof(${column}) WHEN 'array' THEN ${column} || to_jsonb($1::text)
       ELSE coalesce(${column}, '{}') || jsonb_build_object('canary', $1::text) END`,
};

/**
 * Writes the canary into every column of every row of the tenant that holds text, however the catalogue calls it; left
 * out are words of which a CHECK has the list.
 *
 * @returns the columns, as `table.column`, and those of them in which no row of the tenant took it
 */
export async function plantCanaries(
  scene: Pick<BotScene, 'look'>,
  tenantId: string,
  canary: string,
): Promise<{ columns: string[]; empty: string[] }> {
  const columns = await scene.look<{ table: string; column: string; type: string; isUnique: boolean }>(
    `SELECT relname AS table, attname AS column, format_type(atttypid, NULL) AS type, EXISTS (
         SELECT FROM pg_index WHERE indrelid = pg_class.oid AND indisunique AND attnum = ANY (indkey)) AS "isUnique"
       FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid JOIN pg_type ON pg_type.oid = atttypid
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
        AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND relname || '.' || attname <> ALL ($1)
        AND (typcategory = 'S' OR typelem IN (SELECT oid FROM pg_type WHERE typcategory = 'S')
             OR typname IN ('json', 'jsonb', 'xml'))
        AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'tenant_id')
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = pg_class.oid AND contype = 'c'
                        AND attnum = ANY (conkey) AND pg_get_constraintdef(oid) ~ '= ANY|(state|kind) = ')`,
    [NEEDED_AS_THEY_ARE],
  );
  await plantMissingRows(scene, tenantId);
  const empty: string[] = [];
  for (const { table, column, type, isUnique } of columns) {
    const plantedIn = PLANTED[type];
    if (!plantedIn) throw new Error(`${table}.${column} is a ${type}: say how a canary gets into it.`);
    // Of what must be unique, one row takes it: the audit log takes no change at all, but from a superuser.
    const written = await scene.look(
      `UPDATE ${table} SET ${column} = ${plantedIn(column)} WHERE tenant_id = $2
         ${isUnique ? `AND ctid = (SELECT ctid FROM ${table} WHERE tenant_id = $2 LIMIT 1)` : ''} RETURNING 1`,
      [canary, tenantId],
    );
    if (written.length === 0) empty.push(`${table}.${column}`);
  }
  await scene.look('UPDATE tenants SET name = $1 WHERE id = $2', [canary, tenantId]);
  await scene.look(
    `UPDATE users SET name = $1 WHERE id IN (SELECT user_id FROM members WHERE tenant_id = $2)
        AND id NOT IN (SELECT user_id FROM members WHERE tenant_id <> $2)`,
    [canary, tenantId],
  );
  return { columns: columns.map(({ table, column }) => `${table}.${column}`), empty };
}

/** One row in every table where the tenant has none. */
async function plantMissingRows(scene: Pick<BotScene, 'look'>, tenantId: string): Promise<void> {
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
  // Hours that nobody could have set are nobody's that are read.
  await scene.look(`UPDATE quiet_hours SET hours = '{"from":"03:00","to":"03:01"}' WHERE tenant_id = $1`, [
    tenantId,
  ]);
}
