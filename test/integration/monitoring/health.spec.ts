import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningInstallation, startInstallation } from '../../../src/app/index.js';
import { readConfiguration } from '../../../src/config/index.js';
import { createTestDatabase, type TestDatabase } from '../../harness/database.js';
import { waitUntil } from '../../harness/wait.js';
import { Relay } from './relay.js';

jest.setTimeout(60_000);

interface Health {
  readonly status: string;
  readonly details: Readonly<Record<string, { readonly status: string; readonly reason?: string }>>;
}

describe('health, on a port of its own', () => {
  const home = mkdtempSync(join(tmpdir(), 'arauto-health-'));
  let database: TestDatabase;
  let relay: Relay;
  let running: RunningInstallation | undefined;

  beforeAll(async () => {
    database = await createTestDatabase();
    const { hostname, port } = new URL(database.urls.app);
    relay = new Relay({ host: hostname, port: Number(port) });
    await relay.open();
  });
  beforeEach(() => relay.open());
  afterEach(async () => {
    await relay.open();
    await running?.close();
    running = undefined;
    await relay.close();
  });
  afterAll(async () => {
    await database.drop();
    rmSync(home, { recursive: true, force: true });
  });

  const through = (url: string): string => {
    const relayed = new URL(url);
    relayed.hostname = '127.0.0.1';
    relayed.port = String(relay.port);
    return relayed.toString();
  };
  const configure = (roles: string, environment: Record<string, string> = {}) =>
    readConfiguration({
      NODE_ENV: 'test',
      ARAUTO_HOME: home,
      LOG_LEVEL: 'silent',
      PORT: '0',
      SANDBOX_PORT: '0',
      MONITORING_PORT: '0',
      ARAUTO_ROLES: roles,
      DATABASE_URL: through(database.urls.app),
      DATABASE_DISPATCHER_URL: through(database.urls.dispatcher),
      ...environment,
    });
  const ask = async (base: string | undefined, path: string): Promise<{ status: number; body: Health }> => {
    const response = await fetch(`${base}/health/${path}`);
    return { status: response.status, body: (await response.json()) as Health };
  };
  const statusOf = async (path: string): Promise<number> => (await ask(running?.monitoringUrl, path)).status;

  it.each(['api', 'worker', 'scheduler', 'poller', 'sandbox'])('is told by the role %s', async (role) => {
    running = await startInstallation(configure(role));
    for (const path of ['live', 'started', 'ready']) expect(await statusOf(path)).toBe(200);
    const metrics = await fetch(`${running.monitoringUrl}/metrics`);
    expect(metrics.headers.get('content-type')).toContain('version=0.0.4');
    expect(await metrics.text()).toContain('nodejs_eventloop_lag_seconds');
  });

  it('says why a process is not ready while PostgreSQL is away, and calls it alive all the time', async () => {
    running = await startInstallation(configure('worker,scheduler'));
    await relay.close();
    await waitUntil(async () => (await statusOf('ready')) === 503, 20_000);
    const { body } = await ask(running.monitoringUrl, 'ready');
    expect(body.status).toBe('error');
    expect(body.details['process']).toEqual({ status: 'up' });
    expect(body.details['database']?.status).toBe('down');
    expect(body.details['database']?.reason).toMatch(/^[A-Z0-9]{5,}$|^no answer/);
    expect(body.details['queue']?.status).toBe('down');
    expect(JSON.stringify(body)).not.toContain(new URL(database.urls.app).password);
    expect([await statusOf('live'), await statusOf('started')]).toEqual([200, 200]);
    // The other figures are told, and those of the database are missing.
    const text = await (await fetch(`${running.monitoringUrl}/metrics`)).text();
    expect(text).toMatch(/^arauto_lanes_driven 0$/m);
    expect(text).not.toMatch(/^arauto_deliveries_oldest_seconds /m);
    await relay.open();
    await waitUntil(async () => (await statusOf('ready')) === 200, 20_000);
  });

  it('waits for a PostgreSQL that is not there yet, instead of ending to be started again', async () => {
    await relay.close();
    const monitoringPort = await freePort();
    const starting = startInstallation(configure('worker', { MONITORING_PORT: String(monitoringPort) }));
    const base = `http://127.0.0.1:${monitoringPort}`;
    await waitUntil(() =>
      ask(base, 'live').then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
    await waitUntil(
      async () => (await ask(base, 'started')).body.details['start']?.reason === 'waiting for PostgreSQL',
    );
    expect((await ask(base, 'started')).status).toBe(503);
    expect((await ask(base, 'ready')).status).toBe(503);
    await relay.open();
    running = await starting;
    expect(await statusOf('ready')).toBe(200);
  });

  it('gives up waiting when it is to stop', async () => {
    await relay.close();
    const stop = new AbortController();
    const starting = startInstallation(configure('worker'), stop.signal);
    stop.abort(new Error('enough'));
    await expect(starting).rejects.toThrow('enough');
  });

  it('does not wait where waiting mends nothing', async () => {
    const wrong = new URL(through(database.urls.app));
    wrong.password = 'wrong';
    const starting = startInstallation(
      configure('worker', { DATABASE_URL: wrong.toString(), DATABASE_DISPATCHER_URL: wrong.toString() }),
    );
    await expect(starting).rejects.toMatchObject({ code: '28P01' });
  });

  it('asks a Redis that carries the queue, without waiting for it to come back', async () => {
    const redis = `redis://127.0.0.1:${await freePort()}`;
    running = await startInstallation(configure('api', { QUEUE_URL: redis }));
    expect(await statusOf('ready')).toBe(200);
    await running.close();
    running = await startInstallation(configure('scheduler', { QUEUE_URL: redis }));
    const { status, body } = await ask(running.monitoringUrl, 'ready');
    expect([status, body.details['queue']]).toEqual([503, { status: 'down', reason: 'ECONNREFUSED' }]);
    expect(await statusOf('live')).toBe(200);
  });

  it('is no part of the API', async () => {
    running = await startInstallation(configure('api'));
    for (const path of ['/metrics', '/api/v1/metrics', '/health/started']) {
      expect((await fetch(`${running.apiUrl}${path}`)).status).toBe(404);
    }
  });
});

async function freePort(): Promise<number> {
  const probe = new Relay({ host: '127.0.0.1', port: 1 });
  await probe.open();
  await probe.close();
  return probe.port;
}
