import { Client } from 'pg';
import { createTestDatabase } from '../../harness/database.js';
import { callMethod, ControlClient, readEvents, waitFor } from '../sandbox/control-client.js';
import { askEverything, probeWorkspaces } from '../sandbox/workspace-probes.js';
import { HostileScene, type Household, sendRaw, settle, tellingParts } from '../security/hostile-scene.js';
import { addressOf, type Operation, operations, OPERATIONS } from '../security/operations.js';
import { CanaryTraffic, type Traffic } from './canary-traffic.js';
import { plantCanaries } from './canaries.js';
import { actsAtOnce, IsolationCases, knowsOf } from './isolation-cases.js';
import { MixedLoad } from './mixed-load.js';
import { PolicyMutants } from './policy-mutants.js';
import { atScale, ProofReport } from './proof-report.js';
import { inviteVisitors, makeKeys } from './visitors.js';
import { WrittenLog } from './written-log.js';

jest.setTimeout(atScale({ short: 180_000, quick: 300_000, full: 900_000 }));

const TENANTS = atScale({ short: 4, quick: 20, full: 20 });
const CONNECTIONS = atScale({ short: 20, quick: 100, full: 100 });
const SECONDS = atScale({ short: 2, quick: 5, full: 60 });

/** What shows of the own tenant nothing but figures, times or people, so that its canary can't be seen either. */
const FIGURES = [
  ...[
    'ApprovalSetting.read',
    'Audit.verify',
    'BroadcastReports.findDeliveries',
    'BroadcastReports.findStatistics',
    'BroadcastReports.writeCsv',
    'Calendar.readFeed',
    'Chats.count',
    'Exports.list',
    'Exports.read',
  ],
  ...['Retention.read', 'Schedules.listOccurrences', 'Schedules.previewById', 'Usage.read'],
  ...['Sequences.listPeople', 'Sequences.listRuns', 'Sequences.preview', 'Sequences.report', 'Stacks.read'],
];

/** Claims that members call it, and neither everybody nor operators. */
const isOfMembers = ({ role }: Operation): boolean => role !== 'public' && role !== 'operator';

const report = new ProofReport('isolation', [
  ...['operations', 'cases', 'leaks', 'distinguishable', 'serverErrors', 'unexpected', 'writes'],
  ...['operationsWithoutRow', 'mixedRequests', 'mutants', 'mutantsSurvived'],
]);
afterAll(() => report.write());
const found = (...names: string[]) =>
  report.findings.filter((finding) => names.some((name) => finding.startsWith(`${name}:`)));

describe('tenants are kept apart', () => {
  let scene: HostileScene;
  beforeAll(async () => {
    scene = await HostileScene.open();
  });
  afterAll(() => scene.end());

  it('by every operation, whoever asks for whatever', async () => {
    const cases = new IsolationCases(scene, report, await inviteVisitors(scene), await makeKeys(scene.ana));
    for (const operation of operations) {
      if (!(operation.id in OPERATIONS)) report.find('operationsWithoutRow', operation.id);
      report.add('operations');
      await cases.run(operation);
      report.progress('operations', report.count('operations'), operations.length);
    }
    report.line('operations', report.count('operations'));
    report.set('operationsByKind', cases.operationsByKind);
    for (const [kind, count] of Object.entries(cases.operationsByKind))
      report.line(`operations tried ${kind}`, count);
    report.line('cases', report.count('cases'));
    expect(
      found('operationsWithoutRow', 'leaks', 'distinguishable', 'serverErrors', 'unexpected', 'writes'),
    ).toEqual([]);
    expect(report.count('cases')).toBeGreaterThan(15 * operations.length);
  });

  it('by every operation that acts at once, for those who may', async () => {
    for (const operation of operations.filter((one) => actsAtOnce(one) && isOfMembers(one))) {
      const somebody = await scene.bots.signUp();
      const answer = await sendRaw(scene.application.url, operation.method, operation.template, {
        token: somebody.accessToken,
      });
      report.add('cases');
      const told = `${operation.id}: ${answer.status} ${answer.text}`;
      if (answer.status >= 500) report.find('serverErrors', told);
      if (answer.text.includes('"not_allowed"')) report.find('unexpected', told);
      if (knowsOf(scene.ana, answer) || knowsOf(scene.bia, answer)) report.find('leaks', told);
    }
    expect(found('leaks', 'serverErrors', 'unexpected')).toEqual([]);
  });

  it('whatever lies in their columns: no word of a stranger is in any answer', async () => {
    const { ana, bia } = scene;
    const planted = [];
    for (const { tenantId, canary } of [ana, bia])
      planted.push(await plantCanaries(scene.bots, tenantId, canary));
    report.set('textColumns', planted[0]?.columns.length);
    for (const column of planted.flatMap(({ empty }) => empty))
      report.find('unexpected', `no row took the canary in ${column}`);
    // Its events end at once.
    for (const { client, things } of [ana, bia])
      await client.post(`/broadcasts/${things.broadcastId}/cancel`);
    const reading = operations.filter((one) => one.method === 'GET' && isOfMembers(one));
    const silent: string[] = [];
    const ask = (operation: Operation) =>
      sendRaw(scene.application.url, 'GET', addressOf(operation, operation.path?.(ana.things) ?? {}), {
        token: ana.accessToken,
      });
    for (const operation of reading) {
      const answer = await ask(operation);
      report.add('cases');
      const told = `${operation.id}: ${answer.status} ${answer.text.slice(0, 300)}`;
      if (answer.status !== 200) report.find('unexpected', told);
      if (knowsOf(bia, answer)) report.find('leaks', told);
      if (!answer.text.includes(ana.canary)) silent.push(operation.id);
    }
    expect(found('leaks', 'unexpected')).toEqual([]);
    expect(report.count('textColumns')).toBeGreaterThan(10);
    // All others show the own canary, so a stranger's would have been seen.
    expect(silent.sort()).toEqual([...FIGURES].sort());
    // Nor does any figure move with a stranger's doings.
    const figures = operations.filter(({ id }) => FIGURES.includes(id));
    const tell = async () => {
      const told = new Map<string, unknown>();
      for (const operation of figures) told.set(operation.id, tellingParts(await ask(operation)));
      return told;
    };
    const before = await tell();
    await actALot(bia);
    expect(await tell()).toEqual(before);
    const [jobs] = await scene.bots.look<{ hits: string[] }>(queueSearch(await queueTables()), [bia.canary]);
    expect(jobs?.hits ?? []).toEqual([]);
  });

  it('also when all of them come at the same time', async () => {
    const households = [];
    for (let n = 0; n < TENANTS; n += 1)
      households.push(
        await settle(scene.bots, scene.application, scene.operator, `canary-of-tenant-${n}`, []),
      );
    const safe = operations.filter(
      (one) =>
        isOfMembers(one) &&
        (one.method === 'GET' || ['Messages.create', 'Tags.create', 'Messages.preview'].includes(one.id)),
    );
    // Streams stay open; those of ended broadcasts end.
    for (const { client, things } of households)
      await client.post(`/broadcasts/${things.broadcastId}/cancel`);
    const load = new MixedLoad(scene.application.url, households, safe, report);
    await load.run(CONNECTIONS, SECONDS);
    load.findStrangers(await ownersOfIds());
    report.set('tenants', TENANTS);
    report.set('connections', CONNECTIONS);
    report.line(
      `requests of ${TENANTS} tenants on ${CONNECTIONS} connections`,
      report.count('mixedRequests'),
    );
    expect(report.count('mixedRequests')).toBeGreaterThan(100);
    // Refused requests have nothing to mix up: almost all were right, and everybody's.
    const accepted = load.accepted.reduce((sum, one) => sum + one, 0);
    report.set('mixedAccepted', accepted);
    report.line('of these accepted', accepted);
    report.line('of the tenant that was let in least', Math.min(...load.accepted));
    const { refused } = load;
    expect({ isMostAccepted: accepted >= 0.9 * report.count('mixedRequests'), refused }).toEqual({
      isMostAccepted: true,
      refused,
    });
    expect(Math.min(...load.accepted)).toBeGreaterThan(0);
    expect(found('leaks', 'serverErrors')).toEqual([]);
  });

  it('also in what is sent out and written down: events, webhooks, messages, exports, jobs, the log', async () => {
    const canaries = ['canary-of-carla', 'canary-of-dora'];
    const log = new WrittenLog();
    let traffic: readonly Traffic[];
    let marks: string[][];
    try {
      const scene = await CanaryTraffic.open();
      try {
        traffic = await scene.run(canaries);
        marks = canaries.map((canary) => scene.marksOf(canary));
      } finally {
        await scene.end();
      }
    } finally {
      log.end();
    }
    const own = new Map<string, number>();
    for (const { place, text, canary } of [...traffic, { place: 'log', text: log.text, canary: undefined }]) {
      const [kind = place] = place.split(' of ');
      if (canary !== undefined && text.includes(canary)) own.set(kind, (own.get(kind) ?? 0) + 1);
      report.add('cases');
      // What has no tenant may name one by its id, and has no words of any.
      const foreign = canaries.flatMap((other, n) =>
        other === canary ? [] : canary === undefined ? [other] : (marks[n] ?? []),
      );
      for (const mark of foreign) {
        const at = text.indexOf(mark);
        if (at >= 0)
          report.find('leaks', `${mark} in ${place}: ${text.slice(Math.max(0, at - 300), at + 100)}`);
      }
    }
    expect(log.text).toContain('"level":30');
    expect(found('leaks')).toEqual([]);
    // All of these carried the own one, so a stranger's would have been seen.
    report.set('carriers', Object.fromEntries(own));
    for (const [kind, count] of own) report.line(`canaries in ${kind}`, count);
    expect([...own.keys()].sort()).toEqual(['events', 'exports', 'messages', 'webhooks']);
    expect(traffic.map(({ place }) => place)).toContain('jobs');
  });

  it('in the sandbox too', async () => {
    const owner = new ControlClient(scene.bots.sandbox.url);
    const { routes, stranger, ownersBotToken } = await probeWorkspaces(scene.bots.sandbox.url, owner);
    await callMethod(scene.bots.sandbox.url, ownersBotToken, 'getWebhookInfo');
    const [ownersBotId = ''] = ownersBotToken.split(':');
    for (const path of ['/bots', '/faults', '/ledger']) {
      const [own, other] = [await owner.request('GET', path), await stranger.request('GET', path)];
      report.add('cases');
      if (!JSON.stringify(own.body).includes(ownersBotId))
        report.find('unexpected', `GET ${path} of the sandbox has nothing to hide: ${JSON.stringify(own)}`);
      if (JSON.stringify(other.body).includes(ownersBotId))
        report.find('leaks', `GET ${path} of the sandbox: ${JSON.stringify(other)}`);
    }
    for (const { route, foreign, absent } of routes) {
      report.add('cases');
      if (JSON.stringify(foreign) !== JSON.stringify(absent) || foreign.status !== 404)
        report.find('distinguishable', `${route} of the sandbox: ${JSON.stringify([foreign, absent])}`);
    }
    await tryFigures(owner, stranger, ownersBotToken);
    report.line('routes of the sandbox', routes.length);
    report.line('leaks', report.count('leaks'));
    report.line('distinguishable', report.count('distinguishable'));
    report.line('server errors', report.count('serverErrors'));
    expect(found('distinguishable', 'leaks', 'unexpected')).toEqual([]);
  });

  it('in the sandbox, also from a tenant that is suspended while it is there', async () => {
    const { client, tenantId } = await scene.bots.signUp();
    const granted = await client.post<{ url: string; accessToken: string }>('/sandbox/access');
    const control = ControlClient.with(granted.body.url, granted.body.accessToken);
    const { bot } = await control.createPair();
    const events = await readEvents(control);
    await scene.bots.look(`UPDATE tenants SET state = 'suspended', state_reason = 'tried' WHERE id = $1`, [
      tenantId,
    ]);
    await scene.bots.look(`SELECT pg_notify('access_changes', $1)`, [tenantId]);
    await waitFor(async () => (await control.request('GET', '/bots')).status === 401 || undefined);
    for (const { route, answer } of await askEverything(control)) {
      report.add('cases');
      if (answer.status !== 401)
        report.find('unexpected', `${route} of the sandbox, suspended: ${JSON.stringify(answer)}`);
      if (JSON.stringify(answer.body).includes(bot.token))
        report.find('leaks', `${route} of the sandbox, suspended`);
    }
    // The stream that was open ends by itself.
    await events.ended;
    expect(found('leaks', 'unexpected')).toEqual([]);
  });

  /** Neither what is counted, nor what is taken, nor what is told as it happens says anything of another workspace. */
  async function tryFigures(owner: ControlClient, stranger: ControlClient, botToken: string): Promise<void> {
    const events = await readEvents(stranger);
    const paths = ['/ledger', '/ledger/summary', '/people', '/groups'];
    const tell = () => Promise.all(paths.map((path) => stranger.request('GET', path)));
    const before = await tell();
    const { url } = scene.bots.sandbox;
    const personId = await owner.createPerson();
    const [ownersBotId = ''] = botToken.split(':');
    await owner.must('POST', `/people/${personId}/start`, { botId: Number(ownersBotId) });
    await callMethod(url, botToken, 'sendMessage', { chat_id: personId, text: 'between us' });
    await callMethod(url, `1:${'x'.repeat(35)}`, 'getMe');
    report.add('cases', paths.length);
    const after = await tell();
    if (JSON.stringify(after) !== JSON.stringify(before))
      report.find('leaks', `figures of the sandbox moved: ${JSON.stringify([before, after])}`);
    const named = { firstName: 'x', username: 'somebodys_own_bot' };
    const [first, second] = [
      await owner.request('POST', '/bots', named),
      await stranger.request('POST', '/bots', named),
    ];
    report.add('cases');
    if (first.status !== second.status)
      report.find('distinguishable', `a username of the sandbox: ${first.status}, ${second.status}`);
    // The own one comes after it, so the stranger's would have come.
    const own = await stranger.createPair();
    await callMethod(url, own.bot.token, 'sendMessage', { chat_id: own.personId, text: 'for the stranger' });
    await waitFor(() => events.text().includes('for the stranger') || undefined);
    if (events.text().includes('between us')) report.find('leaks', `events of the sandbox: ${events.text()}`);
    events.end();
  }

  /** More of whatever is counted anywhere. */
  async function actALot({ client, tenantId, things }: Household): Promise<void> {
    await scene.bots.look(
      `INSERT INTO chats (tenant_id, bot_id, bot_no, telegram_chat_id, type, state_reason)
       SELECT tenant_id, id, no, 1000 + n, 'private', '' FROM bots, generate_series(1, 5) AS n WHERE id = $1`,
      [things.botId],
    );
    await scene.bots.look(
      `INSERT INTO exports (tenant_id, requested_by, state) SELECT $1, user_id, 'ready' FROM members WHERE tenant_id = $1`,
      [tenantId],
    );
    const { messageId } = things;
    const audience = { to: 'everybody' };
    const rule = { kind: 'interval', everySeconds: 3_600 };
    for (const [path, body] of [
      ['/broadcasts', { messageId, audience }],
      ['/schedules', { name: 'more', messageId, audience, rule }],
      ['/tenant/invitations', { email: 'more@example.org', role: 'viewer' }],
      ['/messages', { content: { kind: 'text', text: 'more' } }],
      ['/calendar/feed', undefined],
    ] as const) {
      expect(await client.post(path, body)).toMatchObject({ status: 201 });
    }
    const hours = { hours: { from: '22:00', to: '08:00' }, policy: 'hold' };
    expect((await client.put('/quiet-hours', hours)).status).toBe(200);
    expect((await client.put('/tenant/retention', { days: 7 })).status).toBe(200);
  }

  /** Tables of the queue, where PostgreSQL holds it. */
  const queueTables = () =>
    scene.bots.look<{ name: string }>(
      `SELECT schemaname || '.' || tablename AS name FROM pg_tables
        WHERE schemaname !~ '^(pg_|information_schema|public)'`,
    );
  const queueSearch = (tables: readonly { name: string }[]) =>
    `SELECT array_agg(hit) AS hits FROM (${tables
      .map(({ name }) => `SELECT t::text AS hit FROM ${name} t WHERE strpos(t::text, $1) > 0`)
      .join(' UNION ALL ')}) AS found`;

  async function ownersOfIds(): Promise<ReadonlyMap<string, string>> {
    const tables = await scene.bots.look<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
         AND NOT relispartition AND 2 = (SELECT count(*) FROM pg_attribute WHERE attrelid = pg_class.oid
           AND attname IN ('id', 'tenant_id') AND atttypid = 'uuid'::regtype)`,
    );
    const rows = await scene.bots.look<{ id: string; owner: string }>(
      [
        'SELECT id, id AS owner FROM tenants',
        ...tables.map(({ name }) => `SELECT id, tenant_id FROM ${name}`),
      ].join(' UNION ALL '),
    );
    return new Map(rows.map(({ id, owner }) => [id, owner]));
  }
});

it('raw probes of every table notice a policy that is gone, open or unchecked, and no other turns red', async () => {
  const database = await createTestDatabase();
  const superuser = new Client({ connectionString: database.urls.superuser });
  await superuser.connect();
  try {
    const mutants = new PolicyMutants(superuser);
    await mutants.prepare();
    for (const table of await mutants.probeUntouched())
      report.find('mutantsSurvived', `${table} is red although nothing was done`);
    for await (const { mutant, problem } of mutants.mutate()) {
      report.add('mutants');
      if (problem !== undefined) report.find('mutantsSurvived', `${mutant}: ${problem}`);
    }
    report.set('policies', mutants.policies.length);
    report.line('policies dropped, opened or unchecked', report.count('mutants'));
    report.line('of these not noticed', report.count('mutantsSurvived'));
    expect(found('mutantsSurvived')).toEqual([]);
    expect(report.count('mutants')).toBeGreaterThan(2 * 20);
  } finally {
    await superuser.end();
    await database.drop();
  }
});
