import { join } from 'node:path';
import { type Logger } from 'pino';
import { Configuration } from '../config/index.js';
import { createLogger } from '../platform/logging/index.js';
import { type AccessOracle, type RunningSandbox, startSandbox } from '../sandbox/index.js';
import { ApiAccessOracle } from './api-access-oracle.js';
import { createApplication } from './application.js';
import { openDatabase } from './databases.js';
import { ROOMS } from './rooms.js';
import { webhookTargetsOf } from './sandbox-webhooks.rules.js';
import { sandboxSecretOf } from './sandbox-access.service.js';

/** What runs in this process, and how to end it. */
export interface RunningInstallation {
  /** Address of the API, where this process serves it. */
  readonly apiUrl: string | undefined;
  /** Address of the sandbox, where this process runs it. */
  readonly sandboxUrl: string | undefined;
  /** Ends everything in order: no new work, calls settled, connections closed, the embedded server last. */
  close(): Promise<void>;
}

/** Starts everything that this process's roles ask for. What was started is ended again when something fails. */
export async function startInstallation(given: Configuration): Promise<RunningInstallation> {
  const logger = createLogger(given.settings);
  const endings: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of endings.splice(0).reverse()) await end();
  };
  try {
    const own: { apiUrl?: string } = {};
    const oracle = new ApiAccessOracle(() => own.apiUrl ?? given.apiUrl);
    const sandbox = given.hasRole('sandbox') ? await openSandbox(given, oracle, logger) : undefined;
    if (sandbox) endings.push(() => sandbox.close());
    // On a free port, only now is it known where the sandbox is.
    const configuration = sandbox
      ? new Configuration(Object.freeze({ ...given.settings, SANDBOX_URL: sandbox.url }), given.secrets)
      : given;
    if (configuration.settings.ARAUTO_ROLES.every((role) => role === 'sandbox')) {
      return { apiUrl: undefined, sandboxUrl: sandbox?.url, close };
    }
    const database = await openDatabase(configuration, (line) => logger.info({ context: 'database' }, line));
    endings.push(() => database.close());
    const app = await createApplication(configuration, database.urls, ROOMS);
    endings.push(() => app.close());
    if (!configuration.hasRole('api')) {
      await app.init();
      return { apiUrl: undefined, sandboxUrl: sandbox?.url, close };
    }
    await app.listen(configuration.settings.PORT, configuration.settings.HOST);
    own.apiUrl = await app.getUrl();
    return { apiUrl: own.apiUrl, sandboxUrl: sandbox?.url, close };
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
