import { randomUUID } from 'node:crypto';
import { TENANT_ROLES, type TenantRole } from '../../../src/platform/identity/index.js';
import { PASSWORD, type SignedUpTenant } from '../../harness/accounts.js';
import { type TestApplication } from '../../harness/application.js';
import { ApiClient } from '../../harness/client.js';
import { appointOperator, type SignedInOperator } from '../../harness/operators.js';
import { BotScene } from '../bots/bot-scene.js';
import { type Things } from './operations.js';

/** A tenant with one of everything, and a signed-in member of every role. */
export interface Household extends SignedUpTenant {
  readonly canary: string;
  readonly things: Things;
  readonly botToken: string;
  readonly tokens: Readonly<Record<TenantRole, string>>;
}

/** Somebody who signed in. */
type Session = Pick<SignedUpTenant, 'userId' | 'accessToken'>;

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Things that nobody has. */
export function absentThings(): Things {
  const id = randomUUID();
  const name = `absent ${id}`;
  return {
    botId: id,
    chatId: id,
    contactId: id,
    tag: name,
    messageId: id,
    assetId: id,
    broadcastId: id,
    scheduleId: id,
    stackedScheduleId: id,
    stackedId: id,
    postId: id,
    sequenceId: id,
    stepId: id,
    memberId: id,
    invitationId: id,
    apiKeyId: id,
    tenantId: id,
    planId: id,
    supportAccessId: id,
    sessionId: id,
    webhookId: id,
    webhookDeliveryId: id,
    exportId: id,
    ownerId: id,
    email: `${id}@example.org`,
  };
}

/** Sends what a browser or a well-behaved client would not. */
export async function sendRaw(
  url: string,
  method: string,
  target: string,
  given: { token?: string; body?: string | Buffer; headers?: Record<string, string> } = {},
): Promise<RawAnswer> {
  const response = await fetch(`${url}${target}`, {
    method,
    headers: {
      ...(given.token !== undefined && { authorization: `Bearer ${given.token}` }),
      ...(given.body !== undefined && { 'content-type': 'application/json' }),
      ...given.headers,
    },
    ...(given.body !== undefined && { body: given.body }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** What of an answer may tell a stranger something: all of it, but for what differs between any two requests. */
export function tellingParts({ status, headers, text }: RawAnswer) {
  const shown = [...headers].filter(([name]) => name !== 'date' && name !== 'x-request-id');
  return { status, headers: Object.fromEntries(shown), text: text.replace(/"requestId":"[^"]*"/, '') };
}

/** Claims that it is a refusal as the API makes them: a problem document of the 4xx, whole. */
export function isProblem({ status, headers, text }: RawAnswer): boolean {
  if (status < 400 || status >= 500) return false;
  if (!headers.get('content-type')?.startsWith('application/problem+json')) return false;
  const body = JSON.parse(text) as { status?: number; code?: string; detail?: string; requestId?: string };
  return body.status === status && Boolean(body.code && body.detail && body.requestId);
}

/** Two tenants that are strangers to each other. Nothing works in the background: whatever changes was a request. */
export class HostileScene {
  private constructor(
    readonly bots: BotScene,
    readonly application: TestApplication,
    readonly operator: SignedInOperator,
    readonly ana: Household,
    readonly bia: Household,
  ) {}

  static async open(): Promise<HostileScene> {
    const bots = await BotScene.open();
    try {
      const application = await bots.start('api');
      const operator = await appointOperator(application);
      return new HostileScene(
        bots,
        application,
        operator,
        await settle(bots, application, operator, 'canary-of-ana'),
        await settle(bots, application, operator, 'canary-of-bia'),
      );
    } catch (error) {
      await bots.end();
      throw error;
    }
  }

  end = () => this.bots.end();

  /**
   * A hash of every row of every table but unlogged counts: two equal ones, and nothing was written in between. When a
   * key was used last is written whatever it was used for.
   */
  async digest(): Promise<unknown> {
    const tables = await this.bots.look<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
         AND relkind IN ('r', 'p') AND NOT relispartition AND relpersistence = 'p' ORDER BY relname`,
    );
    const hashes = tables.map(
      ({ name }) =>
        `SELECT '${name}' AS name, md5(string_agg(row, E'\\n' ORDER BY row)) AS rows
           FROM ${name} t, LATERAL (SELECT (to_jsonb(t) - 'last_used_at')::text) AS told (row)`,
    );
    // PostgreSQL reads the parts side by side, in whatever order.
    return this.bots.look(`${hashes.join(' UNION ALL ')} ORDER BY name`);
  }
}

/** Signs up a tenant and gives it one of everything; members beside the owner only where they are asked for. */
export async function settle(
  scene: BotScene,
  application: TestApplication,
  operator: SignedInOperator,
  canary: string,
  roles: readonly TenantRole[] = TENANT_ROLES,
): Promise<Household> {
  const tenant = await scene.signUp(canary);
  const bot = await scene.connect(tenant);
  const { client, tenantId } = tenant;
  const make = async (path: string, body: unknown, maker = client): Promise<string> => {
    const answer = await maker.post<{ id: string }>(path, body);
    if (answer.status !== 201) throw new Error(`POST ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body.id;
  };
  await client.patch(`/bots/${bot.id}`, { name: canary });
  const [chat] = await scene.look<{ chatId: string; contactId: string }>(
    `WITH bot AS (SELECT id, no, tenant_id FROM bots WHERE id = $1), person AS (
       INSERT INTO contacts (tenant_id, bot_id, telegram_user_id, first_name, last_name, username, language_code)
       SELECT tenant_id, id, 77, $2, $2, $2, 'pt' FROM bot RETURNING id)
     INSERT INTO chats (tenant_id, bot_id, bot_no, contact_id, telegram_chat_id, type, title, username, state_reason)
     SELECT tenant_id, bot.id, no, person.id, 77, 'private', $2, $2, $2 FROM bot, person
     RETURNING id AS "chatId", contact_id AS "contactId"`,
    [bot.id, canary],
  );
  if (!chat) throw new Error('The chat was not planted.');
  await make('/tags', { name: canary });
  await client.put(`/chats/${chat.chatId}/tags/${canary}`);
  const messageId = await make('/messages', { content: { kind: 'text', text: canary } });
  const form = new FormData();
  form.append('file', new Blob([canary], { type: 'text/plain' }), `${canary}.txt`);
  const upload = await fetch(`${application.url}/api/v1/assets`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tenant.accessToken}` },
    body: form,
  });
  const { id: assetId } = (await upload.json()) as { id: string };
  const audience = { to: 'tags', tags: [canary], botIds: [bot.id] };
  const members: Partial<Record<TenantRole, Session>> = { owner: tenant };
  for (const role of roles) members[role] ??= await join(scene, application, tenantId, role);
  const webhookId = await make('/webhooks', {
    url: `https://example.org/${canary}`,
    events: ['webhook.test'],
    description: canary,
  });
  const [records] = await scene.look<{ webhookDeliveryId: string; exportId: string }>(
    `WITH sent AS (
       INSERT INTO webhook_deliveries (tenant_id, endpoint_id, event, data, state)
       VALUES ($1, $2, 'webhook.test', jsonb_build_object('canary', $3::text), 'delivered') RETURNING id),
     attempt AS (
       INSERT INTO webhook_attempts (tenant_id, delivery_id, at, duration_ms, status, answer)
       SELECT $1, id, now(), 1, 200, $3 FROM sent),
     archive AS (
       INSERT INTO exports (tenant_id, requested_by, state, size_bytes, ready_at)
       VALUES ($1, $4, 'ready', length($3), now()) RETURNING id),
     chunk AS (
       INSERT INTO export_chunks (tenant_id, export_id, n, bytes)
       SELECT $1, id, 0, convert_to($3, 'UTF8') FROM archive)
     SELECT sent.id AS "webhookDeliveryId", archive.id AS "exportId" FROM sent, archive`,
    [tenantId, webhookId, canary, tenant.userId],
  );
  if (!records) throw new Error('The records were not planted.');
  const sequence = await client.post<{ id: string; steps: { id: string }[] }>('/sequences', {
    name: canary,
    botIds: [bot.id],
    steps: [{ afterDays: 1, at: '09:00', messageId }],
  });
  const [step] = sequence.body.steps;
  if (!step) throw new Error('The sequence was not made.');
  const stackedScheduleId = await make('/schedules', {
    name: canary,
    stack: { messages: [{ messageId }], recycle: true },
    audience,
    rule: { kind: 'interval', everySeconds: 86_400 },
  });
  const stack = await client.get<{ messages: { id: string }[] }>(`/schedules/${stackedScheduleId}/stack`);
  const queue = await client.post<{ posts: { id: string }[] }>(`/chats/${chat.chatId}/posts`, {
    posts: [{ name: canary, messageId, at: '2099-12-31T12:00' }],
  });
  const [stacked, post] = [stack.body.messages[0], queue.body.posts[0]];
  if (!stacked || !post) throw new Error('The stack or the post was not made.');
  const things: Things = {
    ...chat,
    ...records,
    stackedScheduleId,
    stackedId: stacked.id,
    postId: post.id,
    sequenceId: sequence.body.id,
    stepId: step.id,
    webhookId,
    botId: bot.id,
    tag: canary,
    messageId,
    assetId,
    broadcastId: await make('/broadcasts', { messageId, audience }),
    scheduleId: await make('/schedules', {
      name: canary,
      messageId,
      audience,
      // Due in these hours, whatever the hour is now.
      rule: { kind: 'interval', everySeconds: 3_600 },
      within: { from: '08:00', to: '20:00' },
    }),
    memberId: members.viewer?.userId ?? '',
    invitationId: await make('/tenant/invitations', { email: `${canary}@example.org`, role: 'viewer' }),
    apiKeyId: await make('/api-keys', { name: canary, scopes: ['bots:read'] }),
    tenantId,
    planId: await make('/operator/plans', { name: `plan for ${tenantId}`, limits: {} }, operator.client),
    supportAccessId: await make(
      `/operator/tenants/${tenantId}/support-accesses`,
      { reason: canary, minutes: 60 },
      operator.client,
    ),
    sessionId: (await client.get<{ sessionId: string }>('/auth/me')).body.sessionId,
    ownerId: tenant.userId,
    email: tenant.email,
  };
  const tokens = Object.fromEntries(
    Object.entries(members).map(([role, { accessToken }]) => [role, accessToken]),
  ) as Record<TenantRole, string>;
  return { ...tenant, canary, things, botToken: bot.token, tokens };
}

/** Somebody with an account of their own becomes a member too, and signs in here. */
async function join(
  scene: BotScene,
  application: TestApplication,
  tenantId: string,
  role: TenantRole,
): Promise<Session> {
  const person = await scene.signUp(role);
  await scene.look('INSERT INTO members (tenant_id, user_id, role) VALUES ($1, $2, $3)', [
    tenantId,
    person.userId,
    role,
  ]);
  const credentials = { email: person.email, password: PASSWORD, tenantId };
  const answer = await new ApiClient(application.url).post<{ accessToken: string }>(
    '/auth/sign-in',
    credentials,
  );
  return { userId: person.userId, accessToken: answer.body.accessToken };
}
