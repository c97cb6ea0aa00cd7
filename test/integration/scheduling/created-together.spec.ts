import pg from 'pg';
import { startTestApplication, type TestApplication } from '../../harness/application.js';
import { signUpTenant, type SignedUpTenant } from '../../harness/accounts.js';

const ABSENT = '019aaaaa-0000-7000-8000-000000000001';
const IN_A_YEAR = new Date(Date.UTC(2031, 0, 1)).toISOString();

interface Made {
  readonly id: string;
  readonly name: string;
}

describe('schedules that are created at the same time', () => {
  let application: TestApplication;
  let superuser: pg.Pool;
  let tenant: SignedUpTenant;
  let messageId: string;

  beforeAll(async () => {
    application = await startTestApplication({ ARAUTO_ROLES: 'api' });
    superuser = new pg.Pool({ connectionString: application.database.urls.superuser, max: 1 });
  });
  afterAll(async () => {
    await superuser.end();
    await application.close();
  });
  beforeEach(async () => {
    tenant = await signUpTenant(application.url);
    const message = await tenant.client.post<{ id: string }>('/messages', {
      content: { kind: 'text', text: 'Hi' },
    });
    messageId = message.body.id;
  });

  const create = (name: string, more: object = {}, key: string = name, who = tenant) =>
    who.client.post<Made>(
      '/schedules',
      { name, messageId, audience: { to: 'everybody' }, rule: { kind: 'once', at: IN_A_YEAR }, ...more },
      { 'idempotency-key': key.replace(' ', '-') },
    );
  const names = (count: number, prefix = 'Schedule') =>
    Array.from({ length: count }, (_, n) => `${prefix} ${n}`);
  const list = async () => {
    const { body } = await tenant.client.get<{ items: Made[] }>('/schedules?limit=200');
    return body.items.map(({ name }) => name).sort();
  };
  const transactionsOfSchedules = async () => {
    const { rows } = await superuser.query<{ count: number }>(
      'SELECT count(DISTINCT xmin::text)::int AS count FROM schedules WHERE tenant_id = $1',
      [tenant.tenantId],
    );
    return rows[0]?.count;
  };

  it('are each there once, with an entry in the log each, in fewer transactions', async () => {
    const answers = await Promise.all(names(60).map((name) => create(name)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(answers.map(({ body }) => body.name)).toEqual(names(60));
    expect(await list()).toEqual(names(60).sort());
    expect(await transactionsOfSchedules()).toBeLessThan(40);
    const { body } = await tenant.client.get<{ items: { subjectId: string }[] }>(
      '/tenant/audit?limit=200&action=schedule.created',
    );
    expect(body.items.map(({ subjectId }) => subjectId).sort()).toEqual(
      answers.map((one) => one.body.id).sort(),
    );
    expect((await tenant.client.get('/tenant/audit/verification')).body).toMatchObject({ isWhole: true });
  });

  it('do not suffer from one among them that is wrong, which is told of its own fault', async () => {
    const wrong = (name: string) => create(name, { messageId: ABSENT });
    const answers = await Promise.all(
      names(30).map((name, n) => (n % 10 === 5 ? wrong(name) : create(name))),
    );
    answers.forEach(({ status, body }, n) => {
      if (n % 10 !== 5) expect(status).toBe(201);
      else
        expect({ status, body }).toMatchObject({ status: 400, body: { errors: [{ field: 'messageId' }] } });
    });
    expect(await list()).toEqual(
      names(30)
        .filter((_, n) => n % 10 !== 5)
        .sort(),
    );
    // What was refused left nothing behind its key: the right request has it anew.
    expect((await create('Schedule 5')).status).toBe(201);
  });

  it('are made once a key, also by requests that come together, and a key is for one request alone', async () => {
    const same = Array.from({ length: 8 }, () => create('Same', {}, 'same'));
    const other = Array.from({ length: 4 }, () => create('Other', {}, 'taken'));
    const unlike = Array.from({ length: 4 }, () => create('Unlike', {}, 'taken'));
    const [sameAnswers, otherAnswers, unlikeAnswers] = await Promise.all(
      [same, other, unlike].map((requests) => Promise.all(requests)),
    );
    expect(new Set(sameAnswers!.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
    const statuses = [otherAnswers!, unlikeAnswers!].map(
      (answers) => new Set(answers.map(({ status }) => status)),
    );
    // Which of both came first is not known.
    expect(statuses.map((seen) => [...seen])).toEqual(expect.arrayContaining([[201], [422]]) as unknown);
    expect(await list()).toHaveLength(2);
    const again = await create('Same', {}, 'same');
    expect(again).toMatchObject({ status: 201, body: { id: sameAnswers![0]!.body.id } });
  });

  it('stay with the tenant that made them', async () => {
    const stranger = await signUpTenant(application.url);
    const answers = await Promise.all(
      names(20).flatMap((name) => [create(name), create(name, {}, name, stranger)]),
    );
    // The stranger names a message of another tenant.
    expect(answers.map(({ status }) => status)).toEqual(names(20).flatMap(() => [201, 400]));
    expect(await list()).toEqual(names(20).sort());
  });
});
