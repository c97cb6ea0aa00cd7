import { Module, Controller, Get } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Configuration, parseSettings } from '../../../src/config/index.js';
import { configureHttp, createHttpAdapter } from '../../../src/platform/http/index.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';

describe('security headers', () => {
  let application: TestApplication;
  beforeAll(async () => {
    application = await startTestApplication({ ARAUTO_ROLES: 'api' });
  });
  afterAll(() => application.close());

  it.each([
    ['an answer', '/health/live', 200],
    ['a problem', '/api/v1/bots', 401],
    ['what is not there', '/nothing', 404],
    ['what is no address', '/%zz', 400],
  ])('let a browser do nothing with %s', async (_, path, status) => {
    const answer = await fetch(application.url + path);
    expect(answer.status).toBe(status);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('x-frame-options')).toBe('DENY');
    expect(answer.headers.get('x-powered-by')).toBeNull();
    expect(answer.headers.get('strict-transport-security')).toBeNull();
  });

  it('let Swagger UI run its own files, and no script in the page', async () => {
    const page = await fetch(`${application.url}/docs`);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    const html = await page.text();
    const scripts = [...html.matchAll(/<script([^>]*)>([^]*?)<\/script>/g)];
    expect(scripts.length).toBeGreaterThan(0);
    for (const [, attributes = '', body = ''] of scripts) {
      expect(attributes).toMatch(/src=/);
      expect(body.trim()).toBe('');
      const [, source = ''] = /src="([^"]+)"/.exec(attributes) ?? [];
      const file = await fetch(new URL(source, `${application.url}/docs`));
      // Read to its end: a large answer that nobody takes would hold up the stop.
      await file.arrayBuffer();
      expect({ source, status: file.status }).toEqual({ source, status: 200 });
    }
  });

  it('hold browsers to HTTPS in production', async () => {
    const key = Buffer.alloc(32, 7);
    const configuration = new Configuration(parseSettings({ NODE_ENV: 'production' }), {
      ENCRYPTION_KEY: key,
      SESSION_KEY: key,
      SANDBOX_KEY: key,
    });
    const app = await NestFactory.create<NestFastifyApplication>(
      OnePageModule,
      createHttpAdapter(configuration),
      { logger: false, bodyParser: false },
    );
    await configureHttp(app, configuration);
    await app.init();
    const answer = await app.inject('/api/v1/page');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['strict-transport-security']).toBe('max-age=31536000');
    await app.close();
  });
});

@Controller('page')
class OnePageController {
  @Get()
  read() {
    return { isHere: true };
  }
}

@Module({ controllers: [OnePageController] })
class OnePageModule {}
