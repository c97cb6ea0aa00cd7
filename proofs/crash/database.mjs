// The proof's own PostgreSQL: durable, and restarted in the middle of everything without a chance to tidy up.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { makeFreshDatabase } from '../../scripts/fresh-database.mjs';
import { homeDirectory } from '../../scripts/run.mjs';

const NAME = 'arauto_proof';
const RETRY_MS = 50;
const AWAY_AT_MOST_MS = 60_000;

export class ProofDatabase {
  #servers = [];
  #look;
  /** For the logins of the product. */
  urls;

  static async start() {
    const database = new ProofDatabase();
    const server = await database.#launch(0);
    try {
      database.urls = await makeFreshDatabase(server.url, NAME);
      database.#look = new pg.Pool({ connectionString: database.urls.superuser, max: 4 });
      // A connection that breaks while idle is replaced at the next look.
      database.#look.on('error', () => undefined);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return database;
  }

  get serverUrl() {
    return this.#servers[0].url;
  }

  get port() {
    return this.#servers[0].port;
  }

  /** Reads as the superuser; while the server is away, again and again. */
  async look(sql, parameters = []) {
    const startedMs = performance.now();
    for (;;) {
      try {
        return (await this.#look.query(sql, parameters)).rows;
      } catch (error) {
        const isAway = /^(08|57P)|^ECONN/.test(error.code ?? '') || /terminated|ended/.test(error.message);
        if (!isAway || performance.now() - startedMs > AWAY_AT_MOST_MS) throw error;
        await wait(RETRY_MS);
      }
    }
  }

  /** Every connection of the product breaks, whatever it is in the middle of. */
  async cutConnections() {
    const [{ count }] = await this.look(
      `SELECT count(pg_terminate_backend(pid))::int AS count FROM pg_stat_activity
       WHERE datname = current_database() AND usename <> current_user`,
    );
    return count;
  }

  /** An immediate stop, as `pg_ctl restart -m immediate` has it, and a start on the same port: what was not committed is gone. */
  async restart() {
    const { dataDirectory, port } = this.#servers[0];
    const [postmaster] = readFileSync(join(dataDirectory, 'cluster/data/postmaster.pid'), 'utf8').split('\n');
    process.kill(Number(postmaster), 'SIGQUIT');
    while (isAlive(Number(postmaster))) await wait(RETRY_MS);
    await this.#launch(port);
  }

  async stop() {
    await this.#look?.end();
    for (const server of this.#servers) await server.stop();
  }

  async #launch(port) {
    const { startEmbeddedDatabase } = await import('../../dist/platform/embedded-database/index.js');
    const server = await startEmbeddedDatabase({
      homeDirectory,
      dataDirectory: '.arauto/proof-postgres',
      databaseName: 'postgres',
      port,
      settings: { max_connections: '400' },
      log: () => undefined,
    });
    this.#servers.push(server);
    return server;
  }
}

function isAlive(processId) {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}
