// What keeps tenants apart is one policy a table. Each is taken away and each is opened, one at a time on a clone of the
// database, and raw probes as the application's login must notice: at that table, and nowhere else.
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { printTable } from '../bench/table.mjs';
import { makeFreshDatabase } from '../scripts/fresh-database.mjs';
import { homeDirectory } from '../scripts/run.mjs';

const TEMPLATE = 'arauto_proof_isolation';
const CLONE = 'arauto_proof_clone';

/** What is done to a policy. PostgreSQL shows nothing where there is none, so a tenant misses its own row then. */
const MUTATIONS = {
  dropped: ({ policy, table }) => `DROP POLICY ${policy} ON ${table}`,
  opened: ({ policy, table, hasCheck }) =>
    `ALTER POLICY ${policy} ON ${table} USING (true)${hasCheck ? ' WITH CHECK (true)' : ''}`,
};

export async function run({ isQuick }) {
  if (isQuick) console.log('--quick: policies are opened only, and not dropped.');
  const { startEmbeddedDatabase } = await import('../dist/platform/embedded-database/index.js');
  const server = await startEmbeddedDatabase({
    homeDirectory,
    dataDirectory: '.arauto/proof-postgres',
    databaseName: 'postgres',
    log: () => undefined,
  });
  try {
    const proof = await IsolationProof.prepare(server.url);
    try {
      return await measure(proof, isQuick);
    } finally {
      await proof.end();
    }
  } finally {
    await server.stop();
  }
}

async function measure(proof, isQuick) {
  const mutations = isQuick ? ['opened'] : Object.keys(MUTATIONS);
  const untouched = await proof.probe();
  const policies = [];
  for (const policy of proof.policies) {
    const red = {};
    for (const mutation of mutations) red[mutation] = await proof.probe(MUTATIONS[mutation](policy));
    policies.push({ ...policy, red });
  }
  return judge(untouched, policies, mutations, isQuick);
}

class IsolationProof {
  #server;
  #applicationUrl;
  #tenantId;
  #tables;
  policies;

  /** A database with one row of each of two tenants in every table, and what guards them. */
  static async prepare(serverUrl) {
    const proof = new IsolationProof();
    const urls = await makeFreshDatabase(serverUrl, TEMPLATE);
    const superuser = await connect(urls.superuser);
    const tenants = [randomUUID(), randomUUID()];
    await superuser.query(await readFile(join(homeDirectory, 'test/harness/planting.sql'), 'utf8'));
    await superuser.query('SET session_replication_role = replica');
    await superuser.query(
      `SELECT pg_temp.plant(name, owner_column, owner) FROM pg_temp.owned_tables(), unnest($1::uuid[]) AS owner`,
      [tenants],
    );
    const tables = await superuser.query('SELECT name, owner_column AS owner FROM pg_temp.owned_tables()');
    // The refresh tokens have a second wall: no right to read. The proof takes it down to see the first.
    await superuser.query('GRANT SELECT ON refresh_tokens TO arauto_app');
    const policies = await superuser.query(
      `SELECT polname AS policy, polrelid::regclass::text AS table, polwithcheck IS NOT NULL AS "hasCheck",
         ARRAY(SELECT refobjid::regclass::text FROM pg_depend WHERE classid = 'pg_policy'::regclass AND objid = pg_policy.oid
               AND refclassid = 'pg_class'::regclass AND refobjid <> polrelid GROUP BY refobjid) AS reads
       FROM pg_policy WHERE 'arauto_app'::regrole = ANY (polroles) ORDER BY 2`,
    );
    await superuser.end();
    proof.#server = await connect(serverUrl);
    proof.#applicationUrl = new URL(`/${CLONE}`, urls.app).href;
    proof.#tenantId = tenants[0];
    proof.#tables = tables.rows;
    proof.policies = policies.rows;
    return proof;
  }

  /** @returns the tables at which a tenant of a fresh clone, after the mutation, doesn't see its own row and no other */
  async probe(mutation) {
    await this.#server.query(`DROP DATABASE IF EXISTS ${CLONE} WITH (FORCE)`);
    await this.#server.query(`CREATE DATABASE ${CLONE} TEMPLATE ${TEMPLATE} OWNER arauto_owner`);
    if (mutation) {
      const url = new URL(`/${CLONE}`, this.#applicationUrl);
      const { user, password } = this.#server;
      url.username = user;
      url.password = encodeURIComponent(password);
      const superuser = await connect(url.href);
      await superuser.query(mutation);
      await superuser.end();
    }
    const application = await connect(this.#applicationUrl);
    try {
      await application.query(`SELECT set_config('app.tenant_id', $1, false)`, [this.#tenantId]);
      const red = [];
      for (const { name, owner } of this.#tables) {
        const { rows } = await application.query(`SELECT ${owner} AS owner FROM ${name}`);
        if (rows.length !== 1 || rows[0].owner !== this.#tenantId) red.push(name);
      }
      return red;
    } finally {
      await application.end();
    }
  }

  async end() {
    await this.#server.query(`DROP DATABASE IF EXISTS ${CLONE} WITH (FORCE)`);
    await this.#server.end();
  }
}

function judge(untouched, policies, mutations, isQuick) {
  // Who reads a table in its own policy must notice what is done to that one too: a person is seen through members.
  const expectedOf = ({ table }) =>
    [table, ...policies.filter(({ reads }) => reads.includes(table)).map((other) => other.table)].sort();
  const failures = untouched.map((table) => `${table} is red although nothing was done`);
  const rows = policies.map((policy) => {
    const expected = expectedOf(policy);
    const cells = mutations.map((mutation) => {
      const red = [...policy.red[mutation]].sort();
      if (red.join() === expected.join()) return `red: ${red.join(', ')}`;
      failures.push(
        `${policy.policy} ${mutation}: red is ${red.join(', ') || 'nothing'}, not ${expected.join(', ')}`,
      );
      return `NOT MET: ${red.join(', ') || 'all green'}`;
    });
    return [policy.table, ...cells];
  });
  printTable(['policy of', ...mutations], rows);
  for (const failure of failures) console.log(`NOT MET: ${failure}`);
  return {
    proof: 'isolation',
    isMet: failures.length === 0 && rows.length > 0,
    isQuick,
    policies: rows.length,
    mutations: rows.length * mutations.length,
    redUntouched: untouched.length,
    notNoticed: failures.length,
  };
}

async function connect(connectionString) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  return client;
}
