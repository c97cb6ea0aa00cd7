import { type DynamicModule, Global, Module, type Provider, type Type } from '@nestjs/common';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { type Configuration, Configuration as ConfigurationToken } from '../config/index.js';
import { CleaningModule } from '../platform/cleaning/index.js';
import { BackgroundWork, Clock } from '../platform/clock/index.js';
import { ClockWatchModule } from '../platform/clock-watch/index.js';
import { DatabaseModule, type DatabaseUrls } from '../platform/database/index.js';
import { IdempotencyService, OLD_IDEMPOTENCY_KEYS } from '../platform/http/index.js';
import { Metrics } from '../platform/metrics/index.js';
import { MailModule } from '../platform/mail/index.js';
import { QueueModule } from '../platform/queue/index.js';
import { SandboxWorkspaces } from '../records/index.js';
import { type SealedColumn, SealedColumns } from '../tenants/index.js';
import { HealthController } from './health.controller.js';
import { ClockMetrics } from './monitoring/clock-metrics.js';
import { Readiness } from './monitoring/readiness.js';
import { RemoteSandboxWorkspaces } from './remote-sandbox-workspaces.service.js';

/** A room as the compositions see it: what every process needs of it, and what each role adds. */
export interface Room {
  readonly entities?: readonly (new () => object)[];
  /** Where it keeps what it sealed. */
  readonly sealed?: readonly SealedColumn[];
  readonly core?: readonly (Type | DynamicModule)[];
  readonly api?: readonly (Type | DynamicModule)[];
  readonly worker?: readonly (Type | DynamicModule)[];
  readonly scheduler?: readonly (Type | DynamicModule)[];
  readonly poller?: readonly (Type | DynamicModule)[];
}

@Global()
@Module({})
class FoundationModule {}

/** The same rooms make every process; its roles decide which of their parts run in it. */
@Module({})
export class AppModule {
  static compose(
    configuration: Configuration,
    urls: DatabaseUrls,
    rooms: readonly Room[],
    metrics = new Metrics(),
  ): DynamicModule {
    const foundation: Provider[] = [
      { provide: ConfigurationToken, useValue: configuration },
      { provide: Metrics, useValue: metrics },
      Clock,
      BackgroundWork,
      IdempotencyService,
      { provide: SandboxWorkspaces, useClass: RemoteSandboxWorkspaces },
      { provide: SealedColumns, useValue: new SealedColumns(rooms.flatMap((room) => room.sealed ?? [])) },
    ];
    const parts = (part: Exclude<keyof Room, 'entities' | 'sealed'>) =>
      rooms.flatMap((room) => room[part] ?? []);
    return {
      module: AppModule,
      controllers: [HealthController],
      providers: [ClockMetrics, Readiness],
      imports: [
        { module: FoundationModule, providers: foundation, exports: foundation },
        EventEmitterModule.forRoot(),
        DatabaseModule.forRoot(
          urls,
          rooms.flatMap((room) => room.entities ?? []),
        ),
        ClockWatchModule,
        MailModule,
        QueueModule.forRoot(configuration.settings, urls.dispatcher),
        ...parts('core'),
        ...(configuration.hasRole('api') ? parts('api') : []),
        ...(configuration.hasRole('worker') ? parts('worker') : []),
        ...(configuration.hasRole('scheduler')
          ? [CleaningModule.forRows(OLD_IDEMPOTENCY_KEYS), ...parts('scheduler')]
          : []),
        ...(configuration.hasRole('poller') ? parts('poller') : []),
      ],
    };
  }
}
