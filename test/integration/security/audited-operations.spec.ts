import { randomUUID } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import { PASSWORD, signUpTenant } from '../../harness/accounts.js';
import { type TestApplication } from '../../harness/application.js';
import { type Answer, ApiClient } from '../../harness/client.js';
import { HostileScene } from './hostile-scene.js';
import { operations } from './operations.js';

jest.setTimeout(120_000);

/** Operations that change something and write no entry, each with its reason. */
const UNAUDITED: Readonly<Record<string, string>> = {
  'SandboxAccess.ask': 'only tells whether a token is good',
  'SandboxAccess.grant': 'gives a token for the toy Telegram, which has nobody’s data',
  'Auth.refresh': 'a session goes on',
  'Operators.signIn': 'in no tenant; their sessions are kept',
  'Operators.signOut': 'in no tenant; their sessions are kept',
  'Operators.openPages': 'a cookie for pages',
  'DocumentationAccess.open': 'a cookie for pages',
  'Emails.resend': 'a mail, and nothing changes',
  'Emails.confirm': 'a first address is confirmed; a moved one writes email.changed (emails.spec.ts)',
  'Passwords.forget': 'a mail, and nothing changes; an entry would tell whether the address has an account',
  'SecondFactor.setUp': 'counts once a code was shown, which is written',
  'Joining.preview': 'reads',
  'Chats.preview': 'reads',
  'Messages.preview': 'reads',
  'Schedules.preview': 'reads',
  'Chats.tagMany': 'everyday work on the audience',
  'Chats.tag': 'everyday work on the audience',
  'Chats.untag': 'everyday work on the audience',
  'Chats.setTimeZone': 'everyday work on the audience',
  'Chats.clearTimeZone': 'everyday work on the audience',
  'Chats.importTimeZones': 'everyday work on the audience',
  'Tags.create': 'everyday work on the audience',
  'Tags.delete': 'everyday work on the audience',
  'Messages.create': 'a draft; what is sent of it is written',
  'Messages.archive': 'a draft; what was sent of it is written',
  'Assets.upload': 'a draft; what is sent of it is written',
  'Assets.delete': 'a draft; what was sent of it is written',
};

type Step = readonly [operation: string, action: string, act: () => Promise<Answer<unknown>>];

describe('the audit log, operation by operation', () => {
  let scene: HostileScene;
  let url: string;
  /** The same installation, set to make accounts when a link comes back. */
  let byMail: TestApplication;
  beforeAll(async () => {
    scene = await HostileScene.open();
    ({ url } = scene.application);
    byMail = await scene.bots.start('api', { SIGN_UP: 'by_mail' });
  });
  afterAll(() => scene.end());

  /** Made by one step and named by a later one. */
  const made: Record<string, string> = {};
  const keep = async (name: string, asked: Promise<Answer<{ id: string }>>) => {
    const answer = await asked;
    made[name] = answer.body.id;
    return answer;
  };
  const anonymous = () => new ApiClient(url);
  const signIn = (email: string) =>
    anonymous().post<{ accessToken: string; challenge: string }>('/auth/sign-in', {
      email,
      password: PASSWORD,
    });
  const token = async (email: string, count = 1) => scene.application.mailbox.receiveToken(email, count);

  /** In this order: what one leaves, the next finds. */
  function steps(): readonly Step[] {
    const { ana, bia, operator } = scene;
    const { client, things, tenantId, email } = ana;
    const newcomer = `${randomUUID()}@example.org`;
    const invited = `${randomUUID()}@example.org`;
    const asAdmin = new ApiClient(url, ana.tokens.admin);
    const message = { messageId: things.messageId, audience: { to: 'everybody' } };
    const schedule = { ...message, name: 'Daily', rule: { kind: 'cron', expression: '0 9 * * *' } };
    const quiet = { hours: { from: '22:00', to: '08:00' }, policy: 'hold' };
    const proof = { password: PASSWORD };
    const hook = `/webhooks/${things.webhookId}`;
    const bot = `/bots/${things.botId}`;
    const chat = `/chats/${things.chatId}`;
    const stack = () => `/schedules/${made['schedule']}/stack`;
    const stacked = { messageId: things.messageId };
    const tenant = `/operator/tenants/${tenantId}`;
    const broadcast = () => `/broadcasts/${made['broadcast']}`;
    /** As if a worker had sent it to one chat, and nothing were being changed. */
    const pretendSent = async () => {
      await scene.bots.look(
        `UPDATE broadcasts SET state = 'finished', ended_at = now() WHERE tenant_id = $1`,
        [tenantId],
      );
      await scene.bots.look(
        `INSERT INTO deliveries (planned_on, class, source_no, chat_no, bot_no, tenant_id, state, is_open, message_id,
           sending_at, settled_at)
         SELECT b.planned_on, 1, b.no, c.no, c.bot_no, b.tenant_id, 2, false, 7, now(), now()
         FROM broadcasts b, chats c WHERE b.id = $1 AND c.id = $2
         ON CONFLICT DO NOTHING`,
        [made['broadcast'], things.chatId],
      );
    };
    /** As if an editor had made it. */
    const awaitApproval = () =>
      scene.bots.look(
        `UPDATE schedules SET state = 'awaiting_approval', paused_at = now(), next_run_at = NULL WHERE id = $1`,
        [made['schedule']],
      );
    const codes = () => ({ recoveryCode: recoveryCodes.pop() });
    let recoveryCodes: string[] = [];
    let secret = '';
    let restoreToken = '';
    let program = '';
    return [
      ['Tenants.change', 'tenant.changed', () => client.patch('/tenant', { language: 'es' })],
      ['Retention.change', 'tenant.retention_changed', () => client.put('/tenant/retention', { days: 30 })],
      [
        'MoreTenants.create',
        'tenant.created',
        () => keep('tenant', client.post('/tenants', { name: 'More' })),
      ],
      [
        'Auth.switchTenant',
        'session.opened',
        () => client.post('/auth/switch-tenant', { tenantId: made['tenant'] }),
      ],
      [
        'Invitations.create',
        'invitation.created',
        () => keep('invitation', client.post('/tenant/invitations', { email: invited, role: 'viewer' })),
      ],
      [
        'Invitations.resend',
        'invitation.resent',
        async () => {
          await scene.bots.look(`UPDATE invitations SET mailed_at = now() - interval '1 hour'`);
          return client.post(`/tenant/invitations/${made['invitation']}/resend`);
        },
      ],
      [
        'Joining.acceptWithAccount',
        'member.joined',
        async () =>
          anonymous().post('/invitations/accept-with-account', {
            ...proof,
            token: await token(invited, 2),
            name: 'Rui',
          }),
      ],
      [
        'Joining.accept',
        'member.joined',
        async () => {
          await client.post('/tenant/invitations', { email: bia.email, role: 'viewer' });
          const mails = await scene.application.mailbox.listTo(bia.email);
          return bia.client.post('/invitations/accept', {
            token: await token(bia.email, Math.max(2, mails.length)),
          });
        },
      ],
      [
        'Invitations.revoke',
        'invitation.revoked',
        () => client.delete(`/tenant/invitations/${things.invitationId}`),
      ],
      [
        'Members.changeRole',
        'member.role_changed',
        () => client.patch(`/tenant/members/${things.memberId}`, { role: 'editor' }),
      ],
      ['Members.remove', 'member.removed', () => client.delete(`/tenant/members/${things.memberId}`)],
      ['Members.leave', 'member.left', () => new ApiClient(url, ana.tokens.editor).post('/tenant/leave')],
      [
        'ApiKeys.create',
        'api_key.created',
        async () => {
          const answer = await client.post<{ id: string; key: string }>('/api-keys', {
            name: 'all',
            scopes: ['bots:read'],
          });
          program = answer.body.id;
          return answer;
        },
      ],
      ['ApiKeys.delete', 'api_key.deleted', () => client.delete(`/api-keys/${program}`)],
      [
        'Webhooks.create',
        'webhook.created',
        () =>
          keep(
            'webhook',
            client.post('/webhooks', { url: 'https://example.org/', events: ['webhook.test'] }),
          ),
      ],
      ['Webhooks.change', 'webhook.changed', () => client.patch(hook, { description: 'Ours' })],
      ['Webhooks.rotateSecret', 'webhook.secret_rotated', () => client.post(`${hook}/secret`)],
      ['Webhooks.test', 'webhook.tested', () => client.post(`${hook}/test`)],
      [
        'Webhooks.resend',
        'webhook.resent',
        () => client.post(`${hook}/deliveries/${things.webhookDeliveryId}/resend`),
      ],
      ['Webhooks.delete', 'webhook.deleted', () => client.delete(`/webhooks/${made['webhook']}`)],
      ['Broadcast.create', 'broadcast.started', () => keep('broadcast', client.post('/broadcasts', message))],
      [
        'Broadcast.test',
        'broadcast.tested',
        () => client.post('/broadcasts/test', { messageId: things.messageId, chatId: things.chatId }),
      ],
      ['BroadcastControl.pause', 'broadcast.paused', () => client.post(`${broadcast()}/pause`)],
      ['BroadcastControl.resume', 'broadcast.resumed', () => client.post(`${broadcast()}/resume`)],
      ['BroadcastControl.cancel', 'broadcast.cancelled', () => client.post(`${broadcast()}/cancel`)],
      [
        'BroadcastControl.resend',
        'broadcast.resent',
        async () => {
          await pretendSent();
          return client.post(`${broadcast()}/resend`, { states: ['failed'] });
        },
      ],
      [
        'BroadcastChanges.edit',
        'broadcast.edited',
        async () => {
          await pretendSent();
          return client.post(`${broadcast()}/edit`, { message: { kind: 'text', text: 'Better' } });
        },
      ],
      [
        'BroadcastChanges.recall',
        'broadcast.recalled',
        async () => {
          await pretendSent();
          return client.post(`${broadcast()}/recall`);
        },
      ],
      ['Schedules.create', 'schedule.created', () => keep('schedule', client.post('/schedules', schedule))],
      [
        'Schedules.change',
        'schedule.changed',
        () => client.patch(`/schedules/${made['schedule']}`, { name: 'Weekly' }),
      ],
      ['Schedules.pause', 'schedule.paused', () => client.post(`/schedules/${made['schedule']}/pause`)],
      ['Schedules.resume', 'schedule.resumed', () => client.post(`/schedules/${made['schedule']}/resume`)],
      [
        'ScheduleBulk.change',
        'schedule.paused',
        () => client.post('/schedules/bulk', { action: 'pause', ids: [made['schedule']] }),
      ],
      [
        'ScheduleBulk.import',
        'schedule.created',
        () => client.post('/schedules/import', { schedules: [schedule, schedule] }),
      ],
      [
        'ScheduleBulk.importCsv',
        'schedule.created',
        () =>
          client.post(
            '/schedules/import-csv',
            operations.find(({ id }) => id === 'ScheduleBulk.importCsv')?.bodies?.(things)[0],
          ),
      ],
      [
        'ScheduleApproval.approve',
        'schedule.approved',
        async () => {
          await awaitApproval();
          const { body } = await client.get<{ updatedAt: string }>(`/schedules/${made['schedule']}`);
          return client.post(`/schedules/${made['schedule']}/approve`, { updatedAt: body.updatedAt });
        },
      ],
      [
        'ScheduleApproval.refuse',
        'schedule.refused',
        async () => {
          await awaitApproval();
          return client.post(`/schedules/${made['schedule']}/refuse`, { reason: 'Not on a Sunday' });
        },
      ],
      [
        'ApprovalSetting.change',
        'tenant.schedule_approval_changed',
        () => client.put('/tenant/schedule-approval', { isRequired: false }),
      ],
      [
        'Sequences.create',
        'sequence.created',
        () =>
          keep(
            'sequence',
            client.post('/sequences', {
              name: 'Welcome',
              botIds: [things.botId],
              steps: [{ afterDays: 1, messageId: things.messageId }],
            }),
          ),
      ],
      [
        'Sequences.change',
        'sequence.changed',
        () => client.patch(`/sequences/${made['sequence']}`, { name: 'Hello' }),
      ],
      ['Sequences.pause', 'sequence.paused', () => client.post(`/sequences/${made['sequence']}/pause`)],
      ['Sequences.resume', 'sequence.resumed', () => client.post(`/sequences/${made['sequence']}/resume`)],
      ['Sequences.delete', 'sequence.deleted', () => client.delete(`/sequences/${made['sequence']}`)],
      [
        'Stacks.add',
        'schedule.changed',
        async () => {
          await client.patch(`/schedules/${made['schedule']}`, { stack: { messages: [], recycle: true } });
          const added = await client.post<{ messages: { id: string }[] }>(stack(), { messages: [stacked] });
          made['stacked'] = added.body.messages[0]!.id;
          return added;
        },
      ],
      ['Stacks.order', 'schedule.changed', () => client.put(`${stack()}/order`, { ids: [made['stacked']] })],
      ['Stacks.remove', 'schedule.changed', () => client.delete(`${stack()}/${made['stacked']}`)],
      [
        'Posts.setSlots',
        'slots.set',
        () => client.put(`${chat}/slots`, { slots: [{ weekdays: ['MO'], times: ['09:00'] }] }),
      ],
      [
        'Posts.add',
        'schedule.created',
        async () => {
          const added = await client.post<{ posts: { id: string }[] }>(`${chat}/posts`, { posts: [stacked] });
          made['post'] = added.body.posts[0]!.id;
          return added;
        },
      ],
      [
        'Posts.move',
        'schedule.changed',
        () => client.patch(`${chat}/posts/${made['post']}`, { at: '2099-12-30T09:00' }),
      ],
      ['Posts.remove', 'schedule.deleted', () => client.delete(`${chat}/posts/${made['post']}`)],
      ['Schedules.delete', 'schedule.deleted', () => client.delete(`/schedules/${made['schedule']}`)],
      ['Calendar.createFeed', 'calendar_feed.created', () => client.post('/calendar/feed')],
      ['Calendar.deleteFeed', 'calendar_feed.revoked', () => client.delete('/calendar/feed')],
      ['QuietHours.setForTenant', 'quiet_hours.set', () => client.put('/quiet-hours', quiet)],
      ['QuietHours.deleteForTenant', 'quiet_hours.removed', () => client.delete('/quiet-hours')],
      ['QuietHours.setForBot', 'quiet_hours.set', () => client.put(`/quiet-hours${bot}`, quiet)],
      ['QuietHours.deleteForBot', 'quiet_hours.removed', () => client.delete(`/quiet-hours${bot}`)],
      ['Chats.eraseContact', 'contact.erased', () => client.post(`/contacts/${things.contactId}/erase`)],
      [
        'Bots.connect',
        'bot.connected',
        async () => {
          const { id: sandboxId, token: botToken } = await scene.bots.control.createBot();
          made['sandboxId'] = String(sandboxId);
          return keep('bot', client.post('/bots', { token: botToken, environment: 'sandbox' }));
        },
      ],
      ['Bots.change', 'bot.renamed', () => client.patch(`/bots/${made['bot']}`, { name: 'Ours' })],
      ['Bots.pause', 'bot.paused', () => client.post(`/bots/${made['bot']}/pause`)],
      ['Bots.resume', 'bot.resumed', () => client.post(`/bots/${made['bot']}/resume`)],
      [
        'Bots.replaceToken',
        'bot.token_replaced',
        async () => {
          const { token: newer } = await scene.bots.control.must<{ token: string }>(
            'POST',
            `/bots/${made['sandboxId']}/revoke-token`,
          );
          return client.put(`/bots/${made['bot']}/token`, { token: newer });
        },
      ],
      ['Bots.disconnect', 'bot.disconnected', () => client.delete(`/bots/${made['bot']}`)],
      ['Exports.request', 'export.requested', () => client.post('/tenant/exports', proof)],
      [
        'Plans.create',
        'plan.created',
        () => keep('plan', operator.client.post('/operator/plans', { name: 'Small', limits: { bots: 100 } })),
      ],
      [
        'Plans.change',
        'plan.changed',
        () =>
          operator.client.patch(`/operator/plans/${made['plan']}`, { limits: { bots: null, chats: 500 } }),
      ],
      [
        'OperatedTenants.choosePlan',
        'tenant.plan_changed',
        () => operator.client.put(`${tenant}/plan`, { planId: made['plan'] }),
      ],
      ['Plans.delete', 'plan.deleted', () => operator.client.delete(`/operator/plans/${things.planId}`)],
      [
        'OperatedTenants.suspend',
        'tenant.suspended',
        () => operator.client.post(`${tenant}/suspend`, { reason: 'Ticket 1' }),
      ],
      ['OperatedTenants.resume', 'tenant.resumed', () => operator.client.post(`${tenant}/resume`)],
      [
        'SupportAccess.open',
        'support_access.opened',
        () =>
          keep(
            'look',
            operator.client.post(`${tenant}/support-accesses`, { reason: 'Ticket 2', minutes: 5 }),
          ),
      ],
      [
        'SupportAccess.end',
        'support_access.ended',
        () => operator.client.post(`${tenant}/support-accesses/${made['look']}/end`),
      ],
      [
        'SupportLooks.end',
        'support_access.ended',
        () => client.post(`/tenant/support-accesses/${things.supportAccessId}/end`),
      ],
      [
        'SigningUp.signUp',
        'session.opened',
        () =>
          anonymous().post('/auth/sign-up', { ...proof, email: newcomer, name: 'Eva', tenantName: 'New' }),
      ],
      [
        'SigningUp.complete',
        'session.opened',
        async () => {
          const person = { ...proof, email: `${randomUUID()}@example.org`, name: 'Ivo', tenantName: 'New' };
          await new ApiClient(byMail.url).post('/auth/sign-up', person);
          const link = await byMail.mailbox.receiveToken(person.email);
          return anonymous().post('/auth/complete-sign-up', { ...proof, token: link });
        },
      ],
      ['Auth.signIn', 'session.opened', () => signIn(newcomer)],
      [
        'Auth.signOut',
        'session.ended',
        async () => new ApiClient(url, (await signIn(newcomer)).body.accessToken).post('/auth/sign-out', {}),
      ],
      [
        'Sessions.end',
        'session.ended',
        async () => {
          const other = new ApiClient(url, (await signIn(email)).body.accessToken);
          const { body } = await other.get<{ sessionId: string }>('/auth/me');
          return client.delete(`/auth/sessions/${body.sessionId}`);
        },
      ],
      [
        'Sessions.endOthers',
        'session.ended',
        async () => {
          await signIn(email);
          return client.post('/auth/sessions/end-others');
        },
      ],
      [
        'Emails.change',
        'email.change_requested',
        () => client.post('/auth/change-email', { ...proof, email: `${randomUUID()}@example.org` }),
      ],
      [
        'Passwords.change',
        'password.changed',
        () => client.post('/auth/change-password', { currentPassword: PASSWORD, newPassword: PASSWORD }),
      ],
      [
        'Passwords.reset',
        'password.reset',
        async () => {
          const person = await signUpTenant(url);
          await token(person.email);
          await anonymous().post('/auth/forgot-password', { email: person.email });
          return anonymous().post('/auth/reset-password', {
            token: await token(person.email, 2),
            password: PASSWORD,
          });
        },
      ],
      [
        'SecondFactor.confirm',
        'second_factor.enabled',
        async () => {
          const { body } = await client.post<{ secret: string }>('/auth/second-factor/set-up', proof);
          ({ secret } = body);
          const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate();
          const answer = await client.post<{ recoveryCodes: string[] }>('/auth/second-factor/confirm', {
            code,
          });
          ({ recoveryCodes } = answer.body);
          return answer;
        },
      ],
      [
        'Auth.finishSignIn',
        'session.opened',
        async () =>
          anonymous().post('/auth/sign-in/second-factor', {
            challenge: (await signIn(email)).body.challenge,
            ...codes(),
          }),
      ],
      [
        'SecondFactor.replaceRecoveryCodes',
        'second_factor.recovery_codes_replaced',
        async () => {
          const answer = await client.post<{ recoveryCodes: string[] }>(
            '/auth/second-factor/recovery-codes',
            { ...proof, ...codes() },
          );
          ({ recoveryCodes } = answer.body);
          return answer;
        },
      ],
      [
        'SecondFactor.remove',
        'second_factor.removed',
        async () => client.post('/auth/second-factor/remove', { ...proof, ...codes() }),
      ],
      [
        'TenantDeletion.request',
        'tenant.deletion_requested',
        async () => {
          const answer = await bia.client.post<{ restoreToken: string }>('/tenant/deletion', {
            ...proof,
            tenantName: bia.canary,
          });
          ({ restoreToken } = answer.body);
          return answer;
        },
      ],
      [
        'TenantDeletion.restore',
        'tenant.restored',
        () => anonymous().post('/tenant/restoration', { restoreToken }),
      ],
      [
        'Members.transferOwnership',
        'member.role_changed',
        async () => {
          const { body } = await asAdmin.get<{ user: { id: string } }>('/auth/me');
          return client.post('/tenant/transfer-ownership', { ...proof, userId: body.user.id });
        },
      ],
    ];
  }

  it('says of every operation that changes something whether it is written down', () => {
    const changing = operations.filter(({ method }) => !/get/i.test(method)).map(({ id }) => id);
    const said = [...steps().map(([id]) => id), ...Object.keys(UNAUDITED)];
    expect([...said].sort()).toEqual([...changing].sort());
  });

  it('has an entry of each that succeeds', async () => {
    const written = async () =>
      (
        await scene.bots.look<{ action: string; count: number }>(
          `SELECT action, count(*)::int AS count
           FROM (SELECT action FROM audit_entries UNION ALL SELECT action FROM operator_acts) AS acts GROUP BY action`,
        )
      ).reduce((counts, { action, count }) => counts.set(action, count), new Map<string, number>());
    const told: unknown[] = [];
    for (const [operation, action, act] of steps()) {
      const before = (await written()).get(action) ?? 0;
      const { status, body } = await act();
      const isWritten = ((await written()).get(action) ?? 0) > before;
      if (status >= 300 || !isWritten) told.push({ operation, action, status, isWritten, body });
    }
    expect(told).toEqual([]);
    const { body } = await scene.operator.client.get<{ items: { action: string; details: object }[] }>(
      '/operator/acts?limit=3',
    );
    expect(body.items).toMatchObject([
      { action: 'plan.deleted' },
      { action: 'plan.changed', details: { name: 'Small', botsFrom: 100, botsTo: null, chatsTo: 500 } },
      { action: 'plan.created', details: { name: 'Small', botsTo: 100 } },
    ]);
  });
});
