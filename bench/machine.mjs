// What the figures were measured on.
import { cpus, loadavg, release, totalmem } from 'node:os';
import pg from 'pg';

export async function describeMachine(databaseUrl) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query(
    `SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync,
       current_setting('synchronous_commit') AS commit`,
  );
  await client.end();
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    node: process.versions.node,
    postgres: rows[0].version,
    fsync: rows[0].fsync,
    synchronousCommit: rows[0].commit,
    /** Other work on the machine at the start: much of it, and the figures say little. */
    loadAtStart: loadavg()[0],
  };
}

export function printMachine(machine) {
  console.log(
    `${machine.cores} × ${machine.cpu}, ${machine.memoryGb} GB, ${machine.system}, Node ${machine.node}, ` +
      `PostgreSQL ${machine.postgres} (fsync ${machine.fsync}, synchronous_commit ${machine.synchronousCommit})`,
  );
  if (machine.loadAtStart > machine.cores / 2) {
    console.log(
      `The machine is busy with other work (load ${machine.loadAtStart.toFixed(1)}): take the figures lightly.`,
    );
  }
}
