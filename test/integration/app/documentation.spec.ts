import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { serveDocumentation } from '../../../src/app/documentation.js';
import { describeApi } from '../../../src/app/index.js';
import { BrowserAccess } from '../../../src/auth/index.js';
import { Configuration, parseSettings } from '../../../src/config/index.js';
import { createHttpAdapter } from '../../../src/platform/http/index.js';
import { signUpTenant } from '../../harness/accounts.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { appointOperator } from '../../harness/operators.js';

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
      '/api/v1/auth/complete-sign-up',
      '/api/v1/auth/sign-in',
      '/api/v1/operator/sign-in',
      '/api/v1/auth/sign-in/second-factor',
      '/api/v1/auth/confirm-email',
      '/api/v1/auth/forgot-password',
      '/api/v1/auth/reset-password',
      '/api/v1/auth/refresh',
      '/api/v1/calendar/{file}',
      '/api/v1/invitations/preview',
      '/api/v1/invitations/accept-with-account',
      '/api/v1/tenant/restoration',
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

  describe('in production', () => {
    let app: NestFastifyApplication;
    beforeAll(async () => {
      const key = Buffer.alloc(32, 7);
      const secrets = { ENCRYPTION_KEY: key, SESSION_KEY: key, SANDBOX_KEY: key };
      const configuration = new Configuration(parseSettings({ NODE_ENV: 'production' }), secrets);
      app = await NestFactory.create<NestFastifyApplication>(EmptyModule, createHttpAdapter(configuration), {
        logger: false,
      });
      serveDocumentation(app, configuration, () => application.app.get(BrowserAccess, { strict: false }));
      await app.init();
    });
    afterAll(() => app.close());

    const open = (url: string, headers: Record<string, string> = {}) => app.inject({ url, headers });
    const cookieOf = (answer: { headers: Headers }) => {
      const cookie = answer.headers.get('set-cookie') ?? '';
      expect(cookie).toMatch(
        /^__Host-[a-z-]+=[\w.-]+; Max-Age=3600; Path=\/; Secure; HttpOnly; SameSite=Strict$/,
      );
      return { cookie: cookie.split(';')[0] ?? '' };
    };
    const pages = ['/docs', '/docs/', '/docs/swagger-ui-init.js', '/openapi.json', '/docs/../openapi.json'];

    it.each(pages)('shows %s to nobody who is not signed in', async (page) => {
      for (const headers of [{}, { cookie: '__Host-arauto-documentation=x' }, { cookie: 'a=b' }]) {
        const answer = await open(page, headers);
        expect([401, 404]).toContain(answer.statusCode);
        expect(answer.body).not.toContain('/api/v1/bots');
      }
    });

    it('gives a browser a page to sign in, without a script in it', async () => {
      const answer = await open('/docs', { accept: 'text/html' });
      expect(answer.statusCode).toBe(401);
      expect(answer.headers['content-security-policy']).toContain("default-src 'self'");
      expect(answer.body).toContain('<script src="/sign-in.js"></script>');
      const script = await fetch(`${application.url}/sign-in.js`);
      expect(script.headers.get('content-type')).toContain('text/javascript');
      const named = [...(await script.text()).matchAll(/'(\/[a-z]+[a-z/-]*)'/g)].map(([, path]) => path);
      const { paths } = await describeApi();
      expect(named.filter((path) => path !== '/api/v1')).toHaveLength(6);
      for (const path of named.filter((one) => one !== '/api/v1'))
        expect(paths).toHaveProperty([`/api/v1${path}`]);
    });

    it('shows it to an owner with the cookie of POST /documentation-access', async () => {
      const { client } = await signUpTenant(application.url);
      const cookie = cookieOf(await client.post('/documentation-access'));
      expect((await open('/docs', cookie)).statusCode).toBe(200);
      expect((await open('/openapi.json', cookie)).statusCode).toBe(200);
    });

    it('shows it to an operator with the cookie of POST /operator/browser-access, while the session is open', async () => {
      const { client } = await appointOperator(application);
      const cookie = cookieOf(await client.post('/operator/browser-access'));
      expect((await open('/docs', cookie)).statusCode).toBe(200);
      await client.post('/operator/sign-out');
      expect((await open('/docs', cookie)).statusCode).toBe(401);
    });
  });
});
