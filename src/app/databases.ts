import { join } from 'node:path';
import { type Configuration, SettingsError } from '../config/index.js';
import { hmac } from '../platform/crypto/index.js';
import {
  awaitDatabase,
  DATABASE_ROLES,
  type DatabaseRole,
  type DatabaseUrls,
  migrate,
  prepareDatabase,
} from '../platform/database/index.js';
import { startEmbeddedDatabase } from '../platform/embedded-database/index.js';
import { migrateQueue } from '../platform/queue/index.js';

/** A database that is migrated and ready for every login. */
export interface OpenDatabase {
  readonly urls: DatabaseUrls;
  /** Leaves an embedded server; does nothing to one that isn't ours. */
  close(): Promise<void>;
}

/**
 * The PostgreSQL of DATABASE_URL, or else the embedded one.
 *
 * @param log told of what takes time
 * @param stop given where a server that is away is waited for, until this says to stop; a command fails at once
 * @throws SettingsError when the address of one login is given and another one's is missing
 */
export async function openDatabase(
  configuration: Configuration,
  log: (line: string) => void,
  stop?: AbortSignal,
): Promise<OpenDatabase> {
  const { DATABASE_URL, DATABASE_OWNER_URL, DATABASE_DISPATCHER_URL } = configuration.settings;
  if (DATABASE_URL === undefined) return openEmbeddedDatabase(configuration, log);
  if (DATABASE_DISPATCHER_URL === undefined) {
    throw new SettingsError(
      'With DATABASE_URL, DATABASE_DISPATCHER_URL is needed too: the login that crosses tenants; docker/postgres shows how the three logins are made.',
    );
  }
  if (stop) {
    const tell = (reason: string): void =>
      log(`waiting for PostgreSQL: ${reason}; looked for again every second`);
    await awaitDatabase(DATABASE_OWNER_URL ?? DATABASE_DISPATCHER_URL, tell, stop);
  }
  if (DATABASE_OWNER_URL !== undefined) await migrateBoth(DATABASE_OWNER_URL, log);
  return {
    urls: { app: DATABASE_URL, dispatcher: DATABASE_DISPATCHER_URL, owner: DATABASE_OWNER_URL ?? '' },
    close: () => Promise.resolve(),
  };
}

/**
 * Brings the database of DATABASE_OWNER_URL to the newest schema and does nothing else: for installations whose processes
 * don't know the owner's login.
 *
 * @throws SettingsError when DATABASE_OWNER_URL is missing
 */
export async function migrateDatabase(
  configuration: Configuration,
  log: (line: string) => void,
): Promise<void> {
  const { DATABASE_OWNER_URL } = configuration.settings;
  if (DATABASE_OWNER_URL === undefined) {
    throw new SettingsError(
      'To migrate, DATABASE_OWNER_URL is needed: the login that owns the tables; docker/postgres shows how the three logins are made.',
    );
  }
  await migrateBoth(DATABASE_OWNER_URL, log);
}

async function openEmbeddedDatabase(
  configuration: Configuration,
  log: (line: string) => void,
): Promise<OpenDatabase> {
  const server = await startEmbeddedDatabase({
    homeDirectory: process.cwd(),
    dataDirectory: join(configuration.settings.ARAUTO_HOME, 'postgres'),
    // Arauto's own database must belong to its owner, so it is made below and not here.
    databaseName: 'postgres',
    log,
  });
  try {
    // Derived, not random: a second process on the same server sets the same passwords again.
    const passwordOf = (role: DatabaseRole): string =>
      hmac(configuration.secrets.SESSION_KEY, `login ${DATABASE_ROLES[role]}`).toString('base64url');
    const urls = await prepareDatabase(server.url, 'arauto', {
      owner: passwordOf('owner'),
      app: passwordOf('app'),
      dispatcher: passwordOf('dispatcher'),
    });
    await migrateBoth(urls.owner, log);
    return { urls, close: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function migrateBoth(ownerUrl: string, log: (line: string) => void): Promise<void> {
  const ran = await migrate(ownerUrl);
  if (ran.length > 0) log(`migrated the database: ${ran.join(', ')}`);
  await migrateQueue(ownerUrl);
}
