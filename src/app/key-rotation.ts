import { NestFactory } from '@nestjs/core';
import { Configuration } from '../config/index.js';
import { createLogger, NestLogger } from '../platform/logging/index.js';
import { KeyRotation, type KeyRotationReport } from '../tenants/index.js';
import { AppModule } from './app.module.js';
import { openDatabase } from './databases.js';
import { ROOMS } from './rooms.js';

/** One holds the lock of the rotation, one a chunk, one looks keys up. */
const CONNECTIONS = 3;

/**
 * Rotates the keys of the installation while its processes run; see docs/keys.md.
 *
 * @throws KeyRotationRunningError
 */
export async function rotateKeys(
  given: Configuration,
  options: { renewsDataKeys: boolean },
): Promise<KeyRotationReport> {
  const logger = createLogger(given.settings);
  const database = await openDatabase(given, (line) => logger.info({ context: 'database' }, line));
  try {
    // No role, so that nothing else is done.
    const settings = {
      ...given.settings,
      ARAUTO_ROLES: [],
      DATABASE_POOL_SIZE: Math.max(given.settings.DATABASE_POOL_SIZE, CONNECTIONS),
    };
    const configuration = new Configuration(settings, given.secrets);
    const app = await NestFactory.createApplicationContext(
      AppModule.compose(configuration, database.urls, ROOMS),
      { logger: new NestLogger(logger), abortOnError: false },
    );
    try {
      return await app.get(KeyRotation, { strict: false }).rotate(options);
    } finally {
      await app.close();
    }
  } finally {
    await database.close();
  }
}
