import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApplication, ROOMS, type Room } from '../../src/app/index.js';
import { readConfiguration } from '../../src/config/index.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { Mailbox } from './mailbox.js';

/** Tests ask more than anybody else; those of the limits set their own. */
const UNLIMITED = { API_REQUESTS_PER_MINUTE: '0', API_ANONYMOUS_REQUESTS_PER_MINUTE: '0' };

export interface TestApplication {
  readonly app: NestFastifyApplication;
  /** Address of the API, such as http://127.0.0.1:41234. */
  readonly url: string;
  readonly database: TestDatabase;
  /** Of everybody whom the application writes to. */
  readonly mailbox: Mailbox;
  /** The folder that ARAUTO_HOME names. */
  readonly home: string;
  close(): Promise<void>;
}

/**
 * The real application on a real PostgreSQL of its own, listening on a free port.
 *
 * @param environment settings beside the defaults, such as `{ ARAUTO_ROLES: 'api' }`
 */
export async function startTestApplication(
  environment: Record<string, string> = {},
  options: { rooms?: readonly Room[]; database?: TestDatabase } = {},
): Promise<TestApplication> {
  const database = options.database ?? (await createTestDatabase());
  const home = mkdtempSync(join(tmpdir(), 'arauto-test-'));
  const configuration = readConfiguration({
    NODE_ENV: 'test',
    ARAUTO_HOME: home,
    LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'error',
    PORT: '0',
    ...UNLIMITED,
    ...environment,
  });
  const app = await createApplication(configuration, database.urls, options.rooms ?? ROOMS);
  try {
    await app.listen(0, '127.0.0.1');
  } catch (error) {
    await app.close();
    throw error;
  }
  return {
    app,
    url: await app.getUrl(),
    database,
    mailbox: new Mailbox(home),
    home,
    close: async () => {
      await app.close();
      rmSync(home, { recursive: true, force: true });
      if (!options.database) await database.drop();
    },
  };
}
