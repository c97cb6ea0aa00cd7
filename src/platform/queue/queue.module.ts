import { BullModule, getQueueToken } from '@nestjs/bullmq';
import {
  type DynamicModule,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import {
  createPostgresBackend,
  PostgresConnection,
  type Queue,
  type QueueOptions,
  setDefaultBackendFactory,
} from 'bullmq';
import { type Settings } from '../../config/index.js';
import { Clock } from '../clock/index.js';
import { HeardPool, PoolMetrics } from '../database/index.js';
import { QueueHealth, pingRedis } from './queue-health.js';
import { type Wake, WakeQueue, wakeQueueToken } from './wake-queue.js';

const SCHEMA = 'bullmq';
/** Each worker keeps one connection to listen on; the rest is shared by all queues of the process. */
const POOL_SIZE = 12;

/**
 * The pool that all queues of the process share; closed after the workers that lean on it.
 *
 * A queue whose opening failed stays deaf for ever, since BullMQ asks once and remembers the answer. So a process doesn't
 * start with one: whoever supervises it starts it again.
 */
class QueuePool implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly openings: Promise<void>[] = [];

  constructor(readonly pool: HeardPool | undefined) {}

  /** Opens a queue as BullMQ does, and remembers how that went. */
  readonly open: typeof createPostgresBackend = (...queue) => {
    const backend = createPostgresBackend(...queue);
    const opening = backend.waitUntilReady();
    // Told at the start's end, and not before somebody listens.
    opening.catch(() => undefined);
    this.openings.push(opening);
    return backend;
  };

  async onApplicationBootstrap(): Promise<void> {
    await Promise.all(this.openings);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool?.end();
  }
}

/** BullMQ on PostgreSQL, or on Redis where QUEUE_URL says so; the rooms don't know which. */
@Module({})
export class QueueModule {
  static forRoot(
    settings: Pick<Settings, 'QUEUE_URL' | 'QUEUE_PREFIX'>,
    dispatcherUrl: string,
  ): DynamicModule {
    const onRedis = settings.QUEUE_URL !== undefined;
    const pool = onRedis
      ? undefined
      : new HeardPool({
          connectionString: dispatcherUrl,
          max: POOL_SIZE,
          options: `-c search_path=${SCHEMA}`,
          application_name: 'arauto-queue',
          keepAlive: true,
        });
    pool?.on('error', (error) => new Logger('queue').warn(`an idle connection broke: ${error.message}`));
    const queuePool = new QueuePool(pool);
    setDefaultBackendFactory(onRedis ? undefined : queuePool.open);
    const connection = (pool ?? {
      url: settings.QUEUE_URL,
      maxRetriesPerRequest: null,
    }) as QueueOptions['connection'];
    return {
      module: QueueModule,
      global: true,
      imports: [BullModule.forRoot({ connection, prefix: settings.QUEUE_PREFIX })],
      providers: [
        {
          provide: QueuePool,
          inject: [PoolMetrics],
          useFactory: (metrics: PoolMetrics) => {
            if (pool) metrics.watch('queue', pool);
            return queuePool;
          },
        },
        {
          provide: QueueHealth,
          useValue: new QueueHealth(() => pool?.query('SELECT 1') ?? pingRedis(settings.QUEUE_URL ?? '')),
        },
      ],
      exports: [QueueHealth],
    };
  }

  /**
   * A queue of wakes for one kind of thing, injected with `@InjectWakeQueue(subject)`.
   *
   * @param keysPerJob more than one where a key takes less time than a job does (about 3 ms on PostgreSQL)
   */
  static forSubject(subject: string, keysPerJob = 1): DynamicModule {
    return {
      module: QueueModule,
      imports: [BullModule.registerQueue({ name: subject })],
      providers: [
        {
          provide: wakeQueueToken(subject),
          inject: [getQueueToken(subject), Clock],
          useFactory: (queue: Queue<Wake>, clock: Clock) => new WakeQueue(subject, queue, clock, keysPerJob),
        },
      ],
      exports: [BullModule, wakeQueueToken(subject)],
    };
  }
}

/** Not ALL SEQUENCES: those that BullMQ made at a queue's first job are the dispatcher's, and not ours to grant. */
const GRANT_OWN_SEQUENCES = `DO $$
  DECLARE sequence regclass;
  BEGIN
    FOR sequence IN SELECT oid FROM pg_class
      WHERE relkind = 'S' AND relnamespace = '${SCHEMA}'::regnamespace AND relowner = current_user::regrole
    LOOP
      EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE %s TO arauto_dispatcher', sequence);
    END LOOP;
  END $$`;

/** Makes or upgrades BullMQ's own tables, and lets the dispatcher's login use them and no more. */
export async function migrateQueue(ownerUrl: string): Promise<void> {
  const connection = new PostgresConnection({
    connectionString: ownerUrl,
    schema: SCHEMA,
    migrate: true,
    max: 1,
  });
  try {
    await connection.waitUntilReady();
    for (const statement of [
      // BullMQ makes a sequence for each queue at its first job.
      `GRANT USAGE, CREATE ON SCHEMA ${SCHEMA} TO arauto_dispatcher`,
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${SCHEMA} TO arauto_dispatcher`,
      GRANT_OWN_SEQUENCES,
      `GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${SCHEMA} TO arauto_dispatcher`,
    ]) {
      await connection.pool.query(statement);
    }
  } finally {
    await connection.close();
  }
}
