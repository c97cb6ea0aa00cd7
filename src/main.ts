// First of all: what loading leaves behind is what the heap's first bound comes from.
import './platform/memory/index.js';
import 'reflect-metadata';
import { type Logger } from 'pino';
import {
  migrateDatabase,
  OperatorCommandError,
  rotateKeys,
  type RunningInstallation,
  runOperatorCommand,
  startInstallation,
  verifyAudit,
} from './app/index.js';
import { readConfiguration, SettingsError } from './config/index.js';
import { EmbeddedDatabaseError } from './platform/embedded-database/index.js';
import { UnsafeDatabaseError } from './platform/database/index.js';
import { createLogger } from './platform/logging/index.js';
import { KeyRotationRunningError } from './tenants/index.js';

/** How long a stop may take before the process ends anyway: a call to Telegram is given up after 30 s. */
const STOP_WITHIN_MS = 45_000;

async function main(): Promise<void> {
  const configuration = readConfiguration();
  const logger = createLogger(configuration.settings);
  if (process.argv[2] === 'migrate') {
    await migrateDatabase(configuration, (line) => logger.info(line));
    logger.info('the database is up to date');
    return;
  }
  if (process.argv[2] === 'verify-audit') {
    const say = (line: string) => process.stdout.write(`${line}\n`);
    const isWhole = await verifyAudit(configuration, (line) => logger.debug(line), say);
    process.exitCode = isWhole ? 0 : 1;
    return;
  }
  if (process.argv[2] === 'rotate-keys') {
    const report = await rotateKeys(configuration, { renewsDataKeys: process.argv.includes('--data-keys') });
    process.stdout.write(`${JSON.stringify(report)}\n`);
    process.exitCode = report.unreadable === 0 ? 0 : 1;
    return;
  }
  if (process.argv[2] === 'operator') {
    await runOperatorCommand(configuration, process.argv.slice(3), (line) =>
      process.stdout.write(`${line}\n`),
    );
    return;
  }
  const stop = new AbortController();
  const starting = startInstallation(configuration, stop.signal);
  // From now on a signal ends everything in order, also in the middle of the start.
  stopOnSignals(starting, stop, logger);
  const { apiUrl, sandboxUrl, monitoringUrl } = await starting;
  logger.info({ apiUrl, sandboxUrl, monitoringUrl, roles: configuration.settings.ARAUTO_ROLES }, 'ready');
  if (process.stdout.isTTY) process.stdout.write(welcome(apiUrl, sandboxUrl));
}

/** Where a person at the terminal goes on; the log has the same for programs. */
function welcome(apiUrl: string | undefined, sandboxUrl: string | undefined): string {
  const lines = [
    ...(apiUrl === undefined ? [] : [`API documentation: ${apiUrl}/docs`]),
    ...(sandboxUrl === undefined ? [] : [`Sandbox:           ${sandboxUrl}/`]),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** Thrown out of a start that a signal ended. */
class StartGivenUp extends Error {}

function stopOnSignals(starting: Promise<RunningInstallation>, stop: AbortController, logger: Logger): void {
  let isStopping = false;
  const end = (signal: string): void => {
    if (isStopping) return;
    isStopping = true;
    logger.info(`${signal}: stopping`);
    setTimeout(() => {
      logger.error('the stop took too long; what was open will be found by the next start');
      process.exit(1);
    }, STOP_WITHIN_MS).unref();
    stop.abort(new StartGivenUp());
    starting
      .then((installation) => installation.close())
      .then(
        () => {
          logger.info('stopped');
          process.exit(0);
        },
        (error: unknown) => {
          if (error instanceof StartGivenUp) process.exit(0);
          logger.error({ err: error }, 'the stop failed');
          process.exit(1);
        },
      );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}

main().catch((error: unknown) => {
  if (error instanceof StartGivenUp) process.exit(0);
  const isForPeople =
    error instanceof SettingsError ||
    error instanceof EmbeddedDatabaseError ||
    error instanceof KeyRotationRunningError ||
    error instanceof OperatorCommandError ||
    error instanceof UnsafeDatabaseError;
  process.stderr.write(`${isForPeople ? error.message : String((error as Error).stack ?? error)}\n`);
  process.exit(1);
});
