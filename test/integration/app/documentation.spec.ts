import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { serveDocumentation } from '../../../src/app/documentation.js';
import { describeApi } from '../../../src/app/index.js';
import { Configuration, parseSettings } from '../../../src/config/index.js';
import { createHttpAdapter } from '../../../src/platform/http/index.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';

@Module({})
class EmptyModule {}

interface Operation {
  tags?: string[];
  summary?: string;
  security?: unknown[];
  responses: Record<string, { content?: Record<string, unknown> }>;
}

describe('the documentation of the API', () => {
  let application: TestApplication;
  beforeAll(async () => {
    application = await startTestApplication({ ARAUTO_ROLES: 'api' });
  });
  afterAll(() => application.close());

  it('is served as it is described without a database', async () => {
    const response = await fetch(`${application.url}/openapi.json`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(await describeApi())));
  });

  it('names for every operation a tag in the list, a summary, who may call it, an answer and the problems', async () => {
    const document = await describeApi();
    const tags = (document.tags ?? []).map((tag) => tag.name);
    const open = [
      '/health/live',
      '/health/ready',
      '/api/v1/auth/sign-up',
      '/api/v1/auth/sign-in',
      '/api/v1/auth/refresh',
      '/api/v1/calendar/{file}',
    ];
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(methods) as [string, Operation][]) {
        const found = {
          operation: `${method} ${path}`,
          hasKnownTag: operation.tags?.every((tag) => tags.includes(tag)) ?? false,
          hasSummary: Boolean(operation.summary),
          isOpen: operation.security === undefined,
          hasAnswer: Object.keys(operation.responses).some((status) => status.startsWith('2')),
          hasProblem: 'application/problem+json' in (operation.responses['default']?.content ?? {}),
        };
        expect(found).toEqual({
          operation: found.operation,
          hasKnownTag: true,
          hasSummary: true,
          isOpen: open.includes(path),
          hasAnswer: true,
          hasProblem: true,
        });
      }
    }
  });

  it('says which problems an operation has, and which answer is a stream', async () => {
    const { paths } = await describeApi();
    const statusesOf = (operation: object | undefined) =>
      Object.keys((operation as Operation | undefined)?.responses ?? {});
    expect(statusesOf(paths['/api/v1/bots']?.post)).toEqual(
      expect.arrayContaining(['201', '400', '401', '403', '409', '422', '503']),
    );
    expect(statusesOf(paths['/api/v1/auth/sign-in']?.post)).toContain('429');
    expect(statusesOf(paths['/api/v1/chats/{id}']?.get)).toContain('404');
    const events = paths['/api/v1/broadcasts/{id}/events']?.get as Operation | undefined;
    expect(Object.keys(events?.responses['200']?.content ?? {})).toEqual(['text/event-stream']);
  });

  it('refers to nothing that is not there', async () => {
    const document = await describeApi();
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]);
    const names = (['schemas', 'responses'] as const).flatMap((kind) =>
      Object.keys(document.components?.[kind] ?? {}).map((name) => `#/components/${kind}/${name}`),
    );
    expect(references.length).toBeGreaterThan(0);
    expect(references.filter((reference) => !names.includes(reference as string))).toEqual([]);
  });

  it('is there to use by hand in development', async () => {
    const page = await fetch(`${application.url}/docs`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('swagger-ui');
    const bareAddress = await fetch(application.url, { redirect: 'manual' });
    expect(bareAddress.status).toBe(302);
    expect(bareAddress.headers.get('location')).toBe('/docs');
  });

  it('closes Swagger UI in production and still serves the document', async () => {
    const key = Buffer.alloc(32, 7);
    const secrets = { ENCRYPTION_KEY: key, SESSION_KEY: key, SANDBOX_KEY: key };
    const configuration = new Configuration(parseSettings({ NODE_ENV: 'production' }), secrets);
    const app = await NestFactory.create<NestFastifyApplication>(
      EmptyModule,
      createHttpAdapter(configuration),
      { logger: false },
    );
    serveDocumentation(app, configuration);
    await app.init();
    expect((await app.inject('/docs')).statusCode).toBe(404);
    expect((await app.inject('/docs/swagger-ui-init.js')).statusCode).toBe(404);
    expect((await app.inject('/openapi.json')).statusCode).toBe(200);
    expect((await app.inject('/')).statusCode).toBe(404);
    await app.close();
  });
});
