import { describeApi } from '../../../src/app/index.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';

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

  it('refers to nothing that is not there', async () => {
    const document = await describeApi();
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]);
    const names = Object.keys(document.components?.schemas ?? {}).map(
      (name) => `#/components/schemas/${name}`,
    );
    expect(references.length).toBeGreaterThan(0);
    expect(references.filter((reference) => !names.includes(reference as string))).toEqual([]);
  });

  it('is there to use by hand in development, and closed in production', async () => {
    const page = await fetch(`${application.url}/docs`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('swagger-ui');
    const key = Buffer.alloc(32, 7).toString('base64');
    const production = await startTestApplication(
      {
        ARAUTO_ROLES: 'api',
        NODE_ENV: 'production',
        ENCRYPTION_KEY: key,
        SESSION_KEY: key,
        SANDBOX_KEY: key,
      },
      { database: application.database },
    ).catch((error: unknown) => error);
    // A test server is not durable, and production refuses that before anything else; then there is nothing to look at.
    if (production instanceof Error) {
      expect(production.name).toBe('UnsafeDatabaseError');
      return;
    }
    const { url, close } = production as TestApplication;
    expect((await fetch(`${url}/docs`)).status).toBe(404);
    expect((await fetch(`${url}/openapi.json`)).status).toBe(200);
    await close();
  });
});
