import { Body, Controller, Module, Post } from '@nestjs/common';
import { z } from 'zod';
import { ApiClient } from '../../harness/client.js';
import { startTestApplication, type TestApplication } from '../../harness/application.js';

const echoSchema = z.strictObject({ text: z.string().min(1).max(10) });

@Controller('echo')
class EchoController {
  @Post()
  echo(@Body({ schema: echoSchema }) body: z.infer<typeof echoSchema>) {
    return body;
  }
}

@Module({ controllers: [EchoController] })
class EchoModule {}

describe('the edge of the API', () => {
  let application: TestApplication;
  let client: ApiClient;

  beforeAll(async () => {
    application = await startTestApplication({ ARAUTO_ROLES: 'api' }, { rooms: [{ api: [EchoModule] }] });
    client = new ApiClient(application.url);
  });
  afterAll(() => application.close());

  it('takes what fits', async () => {
    const answer = await client.post('/echo', { text: 'hello' });
    expect(answer).toMatchObject({ status: 201, body: { text: 'hello' } });
    expect(answer.headers.get('x-request-id')).toBeTruthy();
  });

  it.each([
    ['an unknown field', { text: 'a', x: 1 }, 400, 'invalid_input', 'x'],
    ['a text too long', { text: 'a'.repeat(11) }, 400, 'invalid_input', 'text'],
    ['no body', undefined, 400, 'invalid_input', ''],
    ['no JSON', '{"text":', 400, 'invalid_json', undefined],
    ['20 MB of it', JSON.stringify({ text: 'a'.repeat(20_000_000) }), 413, 'body_too_large', undefined],
    [
      'a field that poisons prototypes',
      '{"__proto__": {"x": 1}, "text": "a"}',
      400,
      'invalid_json',
      undefined,
    ],
  ])('answers %s with a problem document', async (_, body, status, code, field) => {
    const answer = await client.post<Record<string, unknown>>('/echo', body);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ status, code, ...(field !== undefined && { errors: [{ field }] }) });
    expect(answer.body['requestId']).toBe(answer.headers.get('x-request-id'));
  });

  it('says about each field what to do', async () => {
    expect((await client.post('/echo', [])).body).toMatchObject({ detail: 'body: must be an object' });
    expect((await client.post('/echo', {})).body).toMatchObject({ detail: 'text: is required' });
    expect((await client.post('/echo', { text: '' })).body).toMatchObject({
      detail: 'text: must not be empty',
    });
  });

  it('answers an unknown address and another media type with problem documents', async () => {
    expect(await client.get('/nowhere')).toMatchObject({ status: 404, body: { code: 'not_found' } });
    const xml = await client.send('POST', '/echo', '<a/>', { 'content-type': 'text/xml' });
    expect(xml).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
  });
});
