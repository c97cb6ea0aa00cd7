import {
  type DynamicModule,
  Global,
  Injectable,
  Logger,
  Module,
  type OnApplicationShutdown,
} from '@nestjs/common';
import pg from 'pg';
import { DataSource, type EntitySchema, type MixedList } from 'typeorm';
import { Configuration } from '../../config/index.js';
import { DatabaseHealth } from './database-health.js';
import { DispatcherDatabase, ONLY_INDEX_LOOKUPS } from './dispatcher-database.js';
import { HeardPool } from './heard-pool.js';
import { PoolMetrics } from './pool-metrics.js';
import { DatabaseNotifications } from './notifications.js';
import { type DatabaseUrls } from './roles.js';
import { refuseUnsafeDatabase } from './start-up-check.js';
import { TenantDatabase } from './tenant-database.js';
import { TenantPlaces } from './tenant-places.js';

/** How long a place in a pool, which is one request's for milliseconds, is waited for. */
const CONNECTION_TIMEOUT_MS = 30_000;
/**
 * A transaction takes milliseconds. One that waits this long for a lock, or for us, is stuck: it ends with an error, and
 * the others go on. Migrations have connections of their own, and may take their time.
 */
const NO_ENDLESS_WAITS = '-c lock_timeout=30s -c idle_in_transaction_session_timeout=60s';

/** What serves one tenant, on the way of requests: none of its statements takes seconds. */
const NO_ENDLESS_STATEMENTS = '-c statement_timeout=30s';
/** Of the pool, for one tenant; the rest is always the others'. */
const SHARE_OF_ONE_TENANT = 0.5;

type Entities = MixedList<(new () => object) | EntitySchema>;

@Injectable()
class DatabaseConnections implements OnApplicationShutdown {
  constructor(
    readonly source: DataSource,
    readonly dispatcher: pg.Pool,
    readonly keyed: pg.Pool,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.source.destroy(), this.dispatcher.end(), this.keyed.end()]);
  }
}

/** Both connections to PostgreSQL, checked before anything is served. */
@Global()
@Module({})
export class DatabaseModule {
  static forRoot(urls: DatabaseUrls, entities: Entities): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        {
          provide: DatabaseConnections,
          inject: [Configuration, PoolMetrics],
          useFactory: async (configuration: Configuration, metrics: PoolMetrics) => {
            const connections = await connect(urls, entities, configuration);
            metrics.watch('application', poolOf(connections.source));
            metrics.watch('dispatcher', connections.dispatcher);
            metrics.watch('lanes', connections.keyed);
            return connections;
          },
        },
        PoolMetrics,
        {
          provide: TenantDatabase,
          inject: [DatabaseConnections, Configuration],
          useFactory: (connections: DatabaseConnections, { settings }: Configuration) => {
            const placesOfOne = Math.max(1, Math.floor(settings.DATABASE_POOL_SIZE * SHARE_OF_ONE_TENANT));
            return new TenantDatabase(connections.source, new TenantPlaces(placesOfOne));
          },
        },
        {
          provide: DispatcherDatabase,
          inject: [DatabaseConnections],
          useFactory: (connections: DatabaseConnections) =>
            new DispatcherDatabase(connections.dispatcher, connections.keyed),
        },
        {
          provide: DatabaseHealth,
          inject: [DatabaseConnections],
          useFactory: ({ source, dispatcher }: DatabaseConnections) =>
            new DatabaseHealth(() => Promise.all([source.query('SELECT 1'), dispatcher.query('SELECT 1')])),
        },
        { provide: DatabaseNotifications, useValue: new DatabaseNotifications(urls.dispatcher) },
      ],
      exports: [TenantDatabase, DispatcherDatabase, DatabaseHealth, DatabaseNotifications, PoolMetrics],
    };
  }
}

/** TypeORM opens the pool itself, and names it so. */
const poolOf = (source: DataSource): pg.Pool => (source.driver as unknown as { master: pg.Pool }).master;

/** A connection that broke while idle is replaced at the next use; unheard, its event would end the process. */
function reportIdleError(error: unknown): void {
  new Logger('database').warn(`an idle connection broke: ${String(error)}`);
}

async function connect(
  urls: DatabaseUrls,
  entities: Entities,
  configuration: Configuration,
): Promise<DatabaseConnections> {
  const { DATABASE_POOL_SIZE, NODE_ENV } = configuration.settings;
  const source = new DataSource({
    type: 'postgres',
    url: urls.app,
    entities,
    poolSize: DATABASE_POOL_SIZE,
    applicationName: 'arauto',
    connectTimeoutMS: CONNECTION_TIMEOUT_MS,
    extra: { options: `${NO_ENDLESS_WAITS} ${NO_ENDLESS_STATEMENTS}` },
    poolErrorHandler: reportIdleError,
    driver: { ...pg, Pool: HeardPool },
  });
  await source.initialize();
  const dispatcher = new HeardPool({
    connectionString: urls.dispatcher,
    max: DATABASE_POOL_SIZE,
    application_name: 'arauto-dispatcher',
    connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
    options: NO_ENDLESS_WAITS,
  });
  dispatcher.on('error', reportIdleError);
  const keyed = new HeardPool({
    connectionString: urls.dispatcher,
    // The lanes' statements, one of each of ten kinds at a time: a lease is prolonged in nobody's line.
    max: 10,
    application_name: 'arauto-lanes',
    connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
    options: `${ONLY_INDEX_LOOKUPS} ${NO_ENDLESS_WAITS}`,
  });
  keyed.on('error', reportIdleError);
  const connections = new DatabaseConnections(source, dispatcher, keyed);
  const check = new pg.Pool({ connectionString: urls.app, max: 1 });
  try {
    await refuseUnsafeDatabase(check, dispatcher, NODE_ENV !== 'test');
  } catch (error) {
    await connections.onApplicationShutdown();
    throw error;
  } finally {
    await check.end();
  }
  return connections;
}
