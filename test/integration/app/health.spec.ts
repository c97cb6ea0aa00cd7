import { startTestApplication, type TestApplication } from '../../harness/application.js';

describe('health', () => {
  let application: TestApplication;
  beforeAll(async () => {
    application = await startTestApplication({ ARAUTO_ROLES: 'api' });
  });
  afterAll(() => application.close());

  it.each(['/health/live', '/health/ready'])('answers %s without an account', async (path) => {
    const response = await fetch(`${application.url}${path}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok' });
  });
});
