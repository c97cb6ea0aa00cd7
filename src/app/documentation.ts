import { NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { BrowserAccess } from '../auth/index.js';
import { Configuration, parseSettings } from '../config/index.js';
import { configureHttp, createHttpAdapter, createOpenApiDocument } from '../platform/http/index.js';
import { AppModule } from './app.module.js';
import { turnAway } from './operating/turn-away.js';
import { ROOMS } from './rooms.js';

/** Version of the API, as in its paths; not of the program. */
const API_VERSION = '1';

/** In the order in which somebody new goes through them. */
const TAGS = [
  { name: 'Accounts', description: 'Sign up, sign in, stay signed in' },
  { name: 'Tenant', description: 'The workspace that a session acts in, and its members' },
  { name: 'API keys', description: 'For programs of the tenant' },
  { name: 'Sandbox', description: 'Try bots without Telegram' },
  { name: 'Bots', description: 'Telegram bots, connected by their token' },
  { name: 'Audience', description: 'Chats and contacts that the bots met, their tags and counts' },
  { name: 'Messages', description: 'What is sent: text, photo, document, buttons, variables' },
  { name: 'Files', description: 'Photos and documents that messages carry' },
  { name: 'Schedules', description: 'When a message goes out; stacks, approval, calendar and quiet hours' },
  { name: 'Sequences', description: 'Messages that follow when somebody presses Start' },
  { name: 'Posts', description: 'Slots of a channel or chat, and the posts that wait for them' },
  { name: 'Broadcasts', description: 'Send now, watch, cancel' },
  { name: 'Webhooks', description: 'Events told to systems of your own, signed' },
  { name: 'Operator', description: 'For whoever runs the installation: tenants, plans, how it is' },
  { name: 'Health', description: 'For orchestrators' },
];

/**
 * Serves the document, and Swagger UI to use the API by hand, where the bare address leads. Open in development; in
 * production for owners and admins of tenants, and for operators.
 *
 * @param access who may read it in production
 */
export function serveDocumentation(
  app: NestFastifyApplication,
  configuration: Configuration,
  access: () => BrowserAccess = () => app.get(BrowserAccess, { strict: false }),
): void {
  const fastify = app.getHttpAdapter().getInstance();
  if (configuration.isProduction) {
    const guard = access();
    fastify.addHook('onRequest', async (request, reply) => {
      const isClosed = isDocumentation(request.routeOptions.url);
      if (!isClosed || (await guard.mayReadDocumentation(request.headers.cookie))) return undefined;
      turnAway(request, reply, 'documentation');
      return reply;
    });
  }
  SwaggerModule.setup('docs', app, () => createOpenApiDocument(app, API_VERSION, TAGS), {
    raw: ['json'],
    jsonDocumentUrl: 'openapi.json',
    customSiteTitle: 'Arauto API',
    swaggerOptions: { persistAuthorization: true, tryItOutEnabled: true, displayRequestDuration: true },
  });
  fastify.get('/', (_request, reply) => reply.redirect('/docs'));
}

/** By the route and not the address as it was written: the router alone knows which spellings lead there. */
function isDocumentation(route: string | undefined): boolean {
  return route !== undefined && /^\/(docs(\/|$)|docs-|openapi\.json$)/.test(route);
}

/** The document of the whole API, from its controllers alone: nothing is connected, made or read. */
export async function describeApi(): Promise<OpenAPIObject> {
  const key = Buffer.alloc(32);
  const configuration = new Configuration(parseSettings({ ARAUTO_ROLES: 'api' }), {
    ENCRYPTION_KEY: key,
    SESSION_KEY: key,
    SANDBOX_KEY: key,
  });
  const nowhere = { owner: '', app: '', dispatcher: '' };
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.compose(configuration, nowhere, ROOMS),
    createHttpAdapter(configuration),
    { preview: true, logger: false, abortOnError: false },
  );
  try {
    await configureHttp(app, configuration);
    return createOpenApiDocument(app, API_VERSION, TAGS);
  } finally {
    await app.close();
  }
}
