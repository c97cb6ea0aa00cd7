import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { EmbeddedDatabaseError } from './embedded-database.errors.js';

const runFile = promisify(execFile);

/** The account that PostgreSQL's programs run as; undefined means: as ourselves. */
export interface ServerAccount {
  name: string;
  uid: number;
  gid: number;
}

/**
 * PostgreSQL refuses to run as root. Root therefore lends its programs an account that the host has already; the host's
 * accounts aren't touched.
 */
export async function chooseServerAccount(): Promise<ServerAccount | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const account = await findAccount(name);
    if (account) return account;
  }
  throw new EmbeddedDatabaseError(
    'PostgreSQL refuses to run as root, and this host has neither a user "postgres" nor "nobody". ' +
      'Run Arauto as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own.',
  );
}

async function findAccount(name: string): Promise<ServerAccount | undefined> {
  try {
    const [uid, gid] = await Promise.all([runFile('id', ['-u', name]), runFile('id', ['-g', name])]);
    return { name, uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch (error) {
    // `id` ends with 1 when it doesn't know the name.
    if ((error as { code?: unknown }).code === 1) return undefined;
    throw error;
  }
}

/** Runs one of PostgreSQL's programs to its end, as the given account; fails with what the program said. */
export async function runProgram(
  program: string,
  programArguments: readonly string[],
  account: ServerAccount | undefined,
): Promise<void> {
  try {
    await runFile(program, programArguments, spawnOptions(account));
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    throw new EmbeddedDatabaseError(`${message.split('\n')[0]}\n${stdout}${stderr}`.trim(), { cause: error });
  }
}

/**
 * Nothing of our environment goes along (PGDATA, PGPORT, LC_… would change what happens), and the working directory is
 * one that every account can enter.
 */
export function spawnOptions(account: ServerAccount | undefined) {
  return {
    cwd: '/',
    env: { LC_ALL: 'C', TZ: 'UTC' },
    ...(account && { uid: account.uid, gid: account.gid }),
  };
}
