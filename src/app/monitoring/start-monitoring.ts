import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { TerminusModule } from '@nestjs/terminus';
import { type Settings } from '../../config/index.js';
import { createLogger, NestLogger } from '../../platform/logging/index.js';
import { Metrics } from '../../platform/metrics/index.js';
import { InstallationProgress } from './installation-progress.js';
import { MonitoringController } from './monitoring.controller.js';

/** Nobody has anything to send here. */
const BODY_LIMIT_BYTES = 1_024;

export interface RunningMonitoring {
  readonly url: string;
  close(): Promise<void>;
}

@Module({})
class MonitoringModule {
  static of(metrics: Metrics, progress: InstallationProgress): DynamicModule {
    return {
      module: MonitoringModule,
      // What is wrong is in the answer, and in the log of whoever needs it; a line for each probe says it too often.
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [MonitoringController],
      providers: [
        { provide: Metrics, useValue: metrics },
        { provide: InstallationProgress, useValue: progress },
      ],
    };
  }
}

/** Serves health and metrics of a process with any role, from before its start until after its stop. */
export async function startMonitoring(
  settings: Settings,
  port: number,
  metrics: Metrics,
  progress: InstallationProgress,
): Promise<RunningMonitoring> {
  metrics.watchProcess();
  const app = await NestFactory.create<NestFastifyApplication>(
    MonitoringModule.of(metrics, progress),
    new FastifyAdapter({
      bodyLimit: BODY_LIMIT_BYTES,
      connectionTimeout: 60_000,
      requestTimeout: 10_000,
      forceCloseConnections: true,
    }),
    { logger: new NestLogger(createLogger(settings)), abortOnError: false },
  );
  await app.listen(port, settings.MONITORING_HOST);
  return { url: await app.getUrl(), close: () => app.close() };
}
