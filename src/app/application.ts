import { NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Configuration } from '../config/index.js';
import { type DatabaseUrls } from '../platform/database/index.js';
import { configureHttp, countRequests, createHttpAdapter } from '../platform/http/index.js';
import { createLogger, NestLogger } from '../platform/logging/index.js';
import { Metrics } from '../platform/metrics/index.js';
import { AppModule, type Room } from './app.module.js';
import { serveDocumentation } from './documentation.js';

/** Builds the application for the roles of this process; nothing listens or works before `init` or `listen`. */
export async function createApplication(
  configuration: Configuration,
  urls: DatabaseUrls,
  rooms: readonly Room[],
  metrics = new Metrics(),
): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.compose(configuration, urls, rooms, metrics),
    createHttpAdapter(configuration),
    { logger: new NestLogger(createLogger(configuration.settings)), abortOnError: false, bodyParser: false },
  );
  await configureHttp(app, configuration);
  countRequests(app.getHttpAdapter().getInstance(), metrics);
  if (configuration.hasRole('api')) serveDocumentation(app, configuration);
  return app;
}
