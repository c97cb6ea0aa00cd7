import { join } from 'node:path';
import { type Logger } from 'pino';
import { Configuration } from '../config/index.js';
import { createLogger } from '../platform/logging/index.js';
import { Metrics } from '../platform/metrics/index.js';
import { type AccessOracle, type RunningSandbox, startSandbox } from '../sandbox/index.js';
import { ApiAccessOracle } from './api-access-oracle.js';
import { createApplication } from './application.js';
import { openDatabase } from './databases.js';
import { InstallationProgress } from './monitoring/installation-progress.js';
import { Readiness } from './monitoring/readiness.js';
import { startMonitoring } from './monitoring/start-monitoring.js';
import { ROOMS } from './rooms.js';
import { webhookTargetsOf } from './sandbox-webhooks.rules.js';
import { sandboxSecretOf } from './sandbox-access.service.js';

/** What runs in this process, and how to end it. */
export interface RunningInstallation {
  /** Address of the API, where this process serves it. */
  readonly apiUrl: string | undefined;
  /** Address of the sandbox, where this process runs it. */
  readonly sandboxUrl: string | undefined;
  /** Address of health and metrics, where they have a port. */
  readonly monitoringUrl: string | undefined;
  /** Ends everything in order: no new work, calls settled, connections closed, the embedded server last. */
  close(): Promise<void>;
}

/**
 * Starts everything that this process's roles ask for. What was started is ended again when something fails.
 *
 * @param stop gives up a start that waits for PostgreSQL, with the signal's reason
 */
export async function startInstallation(
  given: Configuration,
  stop = new AbortController().signal,
): Promise<RunningInstallation> {
  const logger = createLogger(given.settings);
  const endings: (() => Promise<void>)[] = [];
  const metrics = new Metrics();
  const progress = new InstallationProgress();
  const close = async (): Promise<void> => {
    progress.noteStopping();
    for (const end of endings.splice(0).reverse()) await end();
  };
  try {
    const { MONITORING_PORT: monitoringPort } = given.settings;
    const monitoring =
      monitoringPort === undefined
        ? undefined
        : await startMonitoring(given.settings, monitoringPort, metrics, progress);
    if (monitoring) endings.push(() => monitoring.close());
    const own: { apiUrl?: string } = {};
    const oracle = new ApiAccessOracle(() => own.apiUrl ?? given.apiUrl);
    const sandbox = given.hasRole('sandbox') ? await openSandbox(given, oracle, logger) : undefined;
    if (sandbox) endings.push(() => sandbox.close());
    // On a free port, only now is it known where the sandbox is.
    const configuration = sandbox
      ? new Configuration(Object.freeze({ ...given.settings, SANDBOX_URL: sandbox.url }), given.secrets)
      : given;
    const others = { sandboxUrl: sandbox?.url, monitoringUrl: monitoring?.url, close };
    if (configuration.settings.ARAUTO_ROLES.every((role) => role === 'sandbox')) {
      progress.noteStarted();
      return { apiUrl: undefined, ...others };
    }
    progress.begin('waiting for PostgreSQL');
    const tell = (line: string): void => logger.info({ context: 'database' }, line);
    const database = await openDatabase(configuration, tell, stop);
    endings.push(() => database.close());
    progress.begin('opening the rooms');
    const app = await createApplication(configuration, database.urls, ROOMS, metrics);
    endings.push(() => app.close());
    if (!configuration.hasRole('api')) {
      await app.init();
      progress.noteStarted(app.get(Readiness));
      return { apiUrl: undefined, ...others };
    }
    await app.listen(configuration.settings.PORT, configuration.settings.HOST);
    own.apiUrl = await app.getUrl();
    progress.noteStarted(app.get(Readiness));
    return { apiUrl: own.apiUrl, ...others };
  } catch (error) {
    await close();
    throw error;
  }
}

function openSandbox(
  { settings, secrets }: Configuration,
  accessOracle: AccessOracle,
  logger: Logger,
): Promise<RunningSandbox> {
  return startSandbox({
    host: settings.SANDBOX_HOST,
    port: settings.SANDBOX_PORT,
    secret: sandboxSecretOf(secrets),
    dataDirectory: join(settings.ARAUTO_HOME, 'sandbox'),
    accessOracle,
    controlRequestsPerMinute: settings.API_REQUESTS_PER_MINUTE,
    webhookTargets: webhookTargetsOf(settings.PUBLIC_URL),
    log: (line) => logger.info({ context: 'sandbox' }, line),
  });
}
