import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TenantRole } from '../../../src/platform/identity/index.js';
import { PASSWORD } from '../../harness/accounts.js';
import { homeDirectory } from '../../harness/product.js';
import { type Schema } from './spoiling.js';

/** What operations name: of the own tenant, of a stranger's, or of nobody's. */
export interface Things {
  readonly botId: string;
  readonly chatId: string;
  readonly contactId: string;
  readonly tag: string;
  readonly messageId: string;
  readonly assetId: string;
  readonly broadcastId: string;
  readonly scheduleId: string;
  /** A schedule with a stack, and a message of it. */
  readonly stackedScheduleId: string;
  readonly stackedId: string;
  readonly postId: string;
  readonly sequenceId: string;
  readonly stepId: string;
  readonly memberId: string;
  readonly invitationId: string;
  readonly apiKeyId: string;
  readonly tenantId: string;
  readonly planId: string;
  readonly supportAccessId: string;
  readonly sessionId: string;
  readonly webhookId: string;
  readonly webhookDeliveryId: string;
  readonly exportId: string;
  readonly ownerId: string;
  readonly email: string;
}

interface OperationRow {
  readonly role: TenantRole | 'public' | 'operator';
  readonly path?: (things: Things) => Record<string, string>;
  /** Good bodies that have every field at least once, in every shape that it may have. */
  readonly bodies?: (things: Things) => unknown[];
}

const botPath = ({ botId }: Things) => ({ id: botId });
const chatPath = ({ chatId }: Things) => ({ id: chatId });
const chatTagPath = ({ chatId, tag }: Things) => ({ id: chatId, name: tag });
const messagePath = ({ messageId }: Things) => ({ id: messageId });
const assetPath = ({ assetId }: Things) => ({ id: assetId });
const broadcastPath = ({ broadcastId }: Things) => ({ id: broadcastId });
const memberPath = ({ memberId }: Things) => ({ id: memberId });
const invitationPath = ({ invitationId }: Things) => ({ id: invitationId });
const schedulePath = ({ scheduleId }: Things) => ({ id: scheduleId });
const stackPath = ({ stackedScheduleId }: Things) => ({ id: stackedScheduleId });
const postPath = ({ chatId, postId }: Things) => ({ id: chatId, postId });
const sequencePath = ({ sequenceId }: Things) => ({ id: sequenceId });

const webhookPath = ({ webhookId }: Things) => ({ id: webhookId });
const webhookDeliveryPath = ({ webhookId, webhookDeliveryId }: Things) => ({
  id: webhookId,
  deliveryId: webhookDeliveryId,
});
const exportPath = ({ exportId }: Things) => ({ id: exportId });
const planPath = ({ planId }: Things) => ({ id: planId });
const tenantPath = ({ tenantId }: Things) => ({ id: tenantId });
const limits = {
  bots: 1,
  chats: 2,
  deliveriesPerDay: 3,
  schedules: 4,
  mediaBytes: 5,
  members: 6,
  apiRequestsPerMinute: 7,
};

/** Well formed, of a bot that nobody has. */
const TOKEN = `123456789:${'A'.repeat(35)}`;
/** Of people's mails and sign-ins, given to nobody. */
const NOBODYS_TOKEN = 'n'.repeat(43);
const RECOVERY_CODE = 'abcd-efgh-2345-wxyz';
const provenPersons = () => [
  { password: 'not the password', code: '123456' },
  { password: 'not the password', recoveryCode: RECOVERY_CODE },
];
/** The password is right, so that what is tried is what comes after it; without a second factor no code is looked at. */
const provenOwners = () => [
  { password: PASSWORD, code: '123456' },
  { password: PASSWORD, recoveryCode: RECOVERY_CODE },
];
const PHOTO = 'https://example.org/photo.jpg';
const buttons = [
  [
    { text: 'Open', url: 'https://example.org' },
    { text: 'Press', callbackData: 'pressed' },
  ],
];
const envelope = { buttons, silent: true, protectContent: true };
const preview = { url: 'https://example.org', showAboveText: true };
const shown = { caption: 'A picture', showCaptionAboveMedia: true, hasSpoiler: true };
const contents = ({ assetId }: Things) => [
  { kind: 'text', text: 'Hello', disableLinkPreview: true, ...envelope },
  { kind: 'text', text: 'Look', linkPreview: { ...preview, preferSmallMedia: true }, ...envelope },
  { kind: 'text', text: 'Look', linkPreview: { ...preview, preferLargeMedia: true }, ...envelope },
  ...[
    { kind: 'document', url: 'https://example.org/a.pdf', caption: 'A <b>file</b>' },
    { kind: 'photo', url: PHOTO, ...shown },
    { kind: 'video', url: 'https://example.org/a.mp4', supportsStreaming: true, ...shown },
    { kind: 'animation', url: 'https://example.org/a.gif', ...shown },
    { kind: 'audio', url: 'https://example.org/a.mp3', caption: 'Hear', performer: 'Ana', title: 'Fado' },
    { kind: 'voice', url: 'https://example.org/a.ogg', caption: 'Hear' },
    { kind: 'sticker', url: 'https://example.org/a.webp' },
  ].flatMap(({ url, ...content }) => [
    { ...content, url, ...envelope },
    { ...content, assetId, ...envelope },
  ]),
  { kind: 'video_note', assetId, ...envelope },
];
const localTime = { of: 'chat', timeZone: 'UTC' };
const audiences = ({ botId, chatId, tag }: Things) => [
  { to: 'everybody', botIds: [botId], chatTypes: ['private'], localTime },
  { to: 'tags', tags: [tag], botIds: [botId], chatTypes: ['private', 'group'], localTime },
  { to: 'chats', chatIds: [chatId], localTime },
];
const rules = [
  { kind: 'once', at: '2099-12-31T09:00' },
  { kind: 'interval', everySeconds: 60, startAt: '2099-01-01T00:00', endAt: '2099-12-31T09:00Z' },
  { kind: 'cron', expression: '0 9 * * MON-FRI' },
  { kind: 'calendar', unit: 'week', every: 2, weekdays: ['MO'], times: ['09:00'], startOn: '2026-01-05' },
  { kind: 'rrule', rule: 'FREQ=MONTHLY;BYDAY=2TU', startAt: '2026-01-05T09:00' },
];
/** What bounds a schedule, and what it does about lateness. */
const bounds = {
  endsAt: '2099-12-31T09:00',
  exceptDates: ['2098-12-25'],
  within: { from: '08:00', to: '20:00', weekdays: ['MO', 'TU', 'WE', 'TH', 'FR'] },
};
const csvOf = (messageId: string) =>
  [
    'name,messageId,audience,rule',
    `Weekday,${messageId},"{""to"":""everybody""}","{""kind"":""cron"",""expression"":""0 9 * * *""}"`,
  ].join('\n');
const quietHours = [{ hours: { from: '22:00', to: '08:00', weekdays: ['SA'] }, policy: 'hold' }];
const policies = { maxRuns: 10, missedPolicy: 'all', graceSeconds: 600, overlapPolicy: 'wait' };
const followUps = { pin: 'silent', deletePrevious: true, deleteAfterSeconds: 3600 };
const sendings = (things: Things) => [
  ...contents(things).map((message) => ({ message, audience: { to: 'everybody' } })),
  ...audiences(things).map((audience) => ({ messageId: things.messageId, audience })),
];
const stacked = (things: Things) => [
  { messageId: things.messageId },
  ...contents(things).map((message) => ({ message })),
];
const schedules = (things: Things) => [
  ...sendings(things).map((sending) => ({
    ...sending,
    name: 'Weekday',
    timeZone: 'America/Sao_Paulo',
    rule: rules[2],
    ...bounds,
    ...policies,
  })),
  {
    name: 'Tips',
    stack: { messages: stacked(things), recycle: true },
    ...followUps,
    audience: { to: 'everybody' },
    rule: rules[2],
  },
  ...rules.map((rule) => ({
    name: 'Weekday',
    messageId: things.messageId,
    audience: { to: 'everybody' },
    localTimeOf: 'chat',
    rule,
  })),
];

/** A sequence, with every way to say when a step is due. */
const sequence = ({ botId }: Things) => ({
  name: 'Welcome',
  botIds: [botId],
  again: true,
  graceSeconds: 3600,
});
const newSteps = (things: Things) => [
  ...contents(things).map((message) => ({ afterSeconds: 60, message })),
  { afterDays: 3, at: '09:00', messageId: things.messageId },
];

/** Every operation of the API. One that is missing fails the tests: say who may call it, and what with. */
export const OPERATIONS: Readonly<Record<string, OperationRow>> = {
  'Health.live': { role: 'public' },
  'Health.ready': { role: 'public' },
  'SandboxAccess.grant': { role: 'admin' },
  'SandboxAccess.ask': { role: 'public', bodies: () => [{ accessToken: 'e30.NobodyHasSignedThis' }] },
  'Tenants.read': { role: 'viewer' },
  'Tenants.change': {
    role: 'owner',
    bodies: () => [{ name: 'Acme', language: 'es', timeZone: 'Europe/Lisbon' }],
  },
  'MoreTenants.create': {
    role: 'viewer',
    bodies: () => [{ name: 'Acme', language: 'es', timeZone: 'Europe/Lisbon' }],
  },
  'Members.list': { role: 'viewer' },
  'Members.changeRole': { role: 'admin', path: memberPath, bodies: () => [{ role: 'editor' }] },
  'Members.remove': { role: 'admin', path: memberPath },
  'Members.leave': { role: 'viewer' },
  'Members.transferOwnership': {
    role: 'owner',
    bodies: ({ memberId }) => provenOwners().map((proof) => ({ userId: memberId, ...proof })),
  },
  'Invitations.create': {
    role: 'admin',
    bodies: () => [{ email: 'invited@example.org', role: 'editor' }],
  },
  'Invitations.list': { role: 'admin' },
  'Invitations.resend': { role: 'admin', path: invitationPath },
  'Invitations.revoke': { role: 'admin', path: invitationPath },
  'Joining.preview': { role: 'public', bodies: () => [{ token: NOBODYS_TOKEN }] },
  'Joining.accept': { role: 'viewer', bodies: () => [{ token: NOBODYS_TOKEN }] },
  'Joining.acceptWithAccount': {
    role: 'public',
    bodies: () => [{ token: NOBODYS_TOKEN, password: 'correct horse battery', name: 'Bia', language: 'es' }],
  },
  'ApiKeys.create': {
    role: 'admin',
    bodies: () => [{ name: 'Booking system', scopes: ['bots:read'], expiresInDays: 90 }],
  },
  'ApiKeys.list': { role: 'admin' },
  'ApiKeys.delete': { role: 'admin', path: ({ apiKeyId }) => ({ id: apiKeyId }) },
  'Audit.list': { role: 'admin' },
  'Audit.verify': { role: 'admin' },
  'TenantDeletion.request': {
    role: 'owner',
    bodies: () => provenOwners().map((proof) => ({ tenantName: 'another name', ...proof })),
  },
  'TenantDeletion.restore': {
    role: 'public',
    bodies: () => [{ restoreToken: 'nobody-was-given-this'.padEnd(43, '-') }],
  },
  'Retention.read': { role: 'viewer' },
  'Retention.change': { role: 'owner', bodies: () => [{ days: 30 }] },
  'Exports.request': { role: 'owner', bodies: provenOwners },
  'Exports.list': { role: 'owner' },
  'Exports.read': { role: 'owner', path: exportPath },
  'Exports.download': { role: 'owner', path: exportPath },
  'Webhooks.create': {
    role: 'admin',
    bodies: () => [{ url: 'https://example.org/', events: ['webhook.test'], description: 'Ours' }],
  },
  'Webhooks.list': { role: 'admin' },
  'Webhooks.read': { role: 'admin', path: webhookPath },
  'Webhooks.change': {
    role: 'admin',
    path: webhookPath,
    bodies: () => [
      { url: 'https://example.org/', events: ['webhook.test'], description: 'Ours', isEnabled: true },
    ],
  },
  'Webhooks.delete': { role: 'admin', path: webhookPath },
  'Webhooks.rotateSecret': { role: 'admin', path: webhookPath },
  'Webhooks.test': { role: 'admin', path: webhookPath },
  'Webhooks.listDeliveries': { role: 'admin', path: webhookPath },
  'Webhooks.readDelivery': { role: 'admin', path: webhookDeliveryPath },
  'Webhooks.resend': { role: 'admin', path: webhookDeliveryPath },
  'Usage.read': { role: 'viewer' },
  'SupportLooks.list': { role: 'viewer' },
  'SupportLooks.end': { role: 'admin', path: ({ supportAccessId }) => ({ id: supportAccessId }) },
  'DocumentationAccess.open': { role: 'admin' },
  'Operators.openPages': { role: 'operator' },
  'Operators.signIn': {
    role: 'public',
    bodies: ({ email }) => provenPersons().map((proof) => ({ email, ...proof })),
  },
  'Operators.signOut': { role: 'operator' },
  'OperatedTenants.list': { role: 'operator' },
  'OperatedTenants.read': { role: 'operator', path: tenantPath },
  'OperatedTenants.readUsage': { role: 'operator', path: tenantPath },
  'OperatedTenants.choosePlan': {
    role: 'operator',
    path: tenantPath,
    bodies: ({ planId }) => [{ planId }],
  },
  'OperatedTenants.suspend': {
    role: 'operator',
    path: tenantPath,
    bodies: () => [{ reason: 'Unpaid since May' }],
  },
  'OperatedTenants.resume': { role: 'operator', path: tenantPath },
  'SupportAccess.open': {
    role: 'operator',
    path: tenantPath,
    bodies: () => [{ reason: 'Ticket 4711', minutes: 30 }],
  },
  'SupportAccess.list': { role: 'operator', path: tenantPath },
  'SupportAccess.end': {
    role: 'operator',
    path: ({ tenantId, supportAccessId }) => ({ id: tenantId, accessId: supportAccessId }),
  },
  'OperatorActs.list': { role: 'operator' },
  'Plans.list': { role: 'operator' },
  'Plans.create': {
    role: 'operator',
    bodies: () => [{ name: 'business', limits, weight: 3, isDefault: true }],
  },
  'Plans.read': { role: 'operator', path: planPath },
  'Plans.change': {
    role: 'operator',
    path: planPath,
    bodies: () => [{ name: 'enterprise', limits, weight: 3, isDefault: true }],
  },
  'Plans.delete': { role: 'operator', path: planPath },
  'InstallationHealth.read': { role: 'operator' },
  'InstallationHealth.readQueues': { role: 'operator' },
  'SigningUp.signUp': {
    role: 'public',
    bodies: () => [
      {
        email: 'new@example.org',
        password: 'correct horse battery',
        name: 'Ana',
        tenantName: 'Acme',
        language: 'en',
        timeZone: 'UTC',
        transport: 'body',
      },
    ],
  },
  'SigningUp.complete': {
    role: 'public',
    bodies: () => [{ token: NOBODYS_TOKEN, password: 'correct horse battery', transport: 'body' }],
  },
  'Auth.signIn': {
    role: 'public',
    bodies: ({ email, tenantId }) => [{ email, password: 'not the password', tenantId, transport: 'body' }],
  },
  'Auth.finishSignIn': {
    role: 'public',
    bodies: () => [
      { challenge: NOBODYS_TOKEN, code: '123456', transport: 'body' },
      { challenge: NOBODYS_TOKEN, recoveryCode: RECOVERY_CODE, transport: 'body' },
    ],
  },
  'Auth.refresh': {
    role: 'public',
    bodies: () => [{ refreshToken: 'nobody-was-given-this', transport: 'body' }],
  },
  'Auth.switchTenant': { role: 'viewer', bodies: ({ tenantId }) => [{ tenantId, transport: 'body' }] },
  'Auth.signOut': { role: 'viewer' },
  'Auth.whoAmI': { role: 'viewer' },
  'Emails.confirm': { role: 'public', bodies: () => [{ token: NOBODYS_TOKEN }] },
  'Emails.resend': { role: 'viewer' },
  'Emails.change': {
    role: 'viewer',
    bodies: () => [
      { email: 'new@example.org', password: 'not the password', code: '123456' },
      { email: 'new@example.org', password: 'not the password', recoveryCode: 'abcd-efgh-2345-wxyz' },
    ],
  },
  'Passwords.forget': { role: 'public', bodies: ({ email }) => [{ email }] },
  'Passwords.reset': {
    role: 'public',
    bodies: () => [{ token: NOBODYS_TOKEN, password: 'correct horse battery' }],
  },
  'Passwords.change': {
    role: 'viewer',
    bodies: () => [
      { currentPassword: 'not the password', newPassword: 'correct horse battery', code: '123456' },
      {
        currentPassword: 'not the password',
        newPassword: 'correct horse battery',
        recoveryCode: 'abcd-efgh-2345-wxyz',
      },
    ],
  },
  'SecondFactor.setUp': { role: 'viewer', bodies: () => [{ password: 'not the password' }] },
  'SecondFactor.confirm': { role: 'viewer', bodies: () => [{ code: '123456' }] },
  'SecondFactor.replaceRecoveryCodes': { role: 'viewer', bodies: provenPersons },
  'SecondFactor.remove': { role: 'viewer', bodies: provenPersons },
  'Sessions.list': { role: 'viewer' },
  'Sessions.end': { role: 'viewer', path: ({ sessionId }) => ({ id: sessionId }) },
  'Sessions.endOthers': { role: 'viewer' },
  'Bots.connect': {
    role: 'admin',
    bodies: () => [{ token: TOKEN, environment: 'sandbox', name: 'Herald' }],
  },
  'Bots.list': { role: 'viewer' },
  'Bots.read': { role: 'viewer', path: botPath },
  'Bots.change': {
    role: 'admin',
    path: botPath,
    bodies: () => [{ name: 'Herald' }, { timeZone: 'Europe/Lisbon' }],
  },
  'Bots.disconnect': { role: 'admin', path: botPath },
  'Bots.pause': { role: 'admin', path: botPath },
  'Bots.resume': { role: 'admin', path: botPath },
  'Bots.replaceToken': { role: 'admin', path: botPath, bodies: () => [{ token: TOKEN }] },
  'Chats.list': { role: 'viewer' },
  'Chats.tagMany': {
    role: 'editor',
    bodies: ({ chatId, botId, tag }) => [
      { tag: 'customers', chatIds: [chatId] },
      { tag: 'customers', filter: { botId, type: 'private', state: 'active', tag, search: 'a' } },
    ],
  },
  'Chats.read': { role: 'viewer', path: chatPath },
  'Chats.tag': { role: 'editor', path: chatTagPath },
  'Chats.setTimeZone': {
    role: 'editor',
    path: chatPath,
    bodies: () => [{ timeZone: 'Europe/Lisbon' }],
  },
  'Chats.clearTimeZone': { role: 'editor', path: chatPath },
  'Chats.importTimeZones': {
    role: 'editor',
    bodies: ({ chatId }) => [{ chats: [{ chatId, timeZone: 'Asia/Tokyo' }] }],
  },
  'Chats.untag': { role: 'editor', path: chatTagPath },
  'Chats.listContacts': { role: 'viewer' },
  'Chats.readContact': { role: 'viewer', path: ({ contactId }) => ({ id: contactId }) },
  'Chats.eraseContact': { role: 'admin', path: ({ contactId }) => ({ id: contactId }) },
  'Chats.count': { role: 'viewer' },
  'Chats.preview': {
    role: 'viewer',
    bodies: (things) => audiences(things).map((audience) => ({ audience })),
  },
  'Tags.list': { role: 'viewer' },
  'Tags.create': { role: 'editor', bodies: () => [{ name: 'prospects' }] },
  'Tags.delete': { role: 'editor', path: ({ tag }) => ({ name: tag }) },
  'Messages.create': {
    role: 'editor',
    bodies: (things) => contents(things).map((content) => ({ content })),
  },
  'Messages.list': { role: 'viewer' },
  'Messages.preview': {
    role: 'viewer',
    bodies: (things) =>
      contents(things).map((content) => ({
        content,
        firstName: 'Ana',
        lastName: 'Lima',
        username: 'ana',
        chatTitle: 'Friends',
      })),
  },
  'Messages.read': { role: 'viewer', path: messagePath },
  'Messages.archive': { role: 'editor', path: messagePath },
  'Assets.upload': { role: 'editor' },
  'Assets.list': { role: 'viewer' },
  'Assets.read': { role: 'viewer', path: assetPath },
  'Assets.delete': { role: 'editor', path: assetPath },
  'Assets.download': { role: 'viewer', path: assetPath },
  'Broadcast.create': {
    role: 'editor',
    bodies: (things) => [
      ...sendings(things).map((sending) => ({ ...sending, ambiguityPolicy: 'resend_once' })),
      ...sendings(things)
        .slice(0, 1)
        .map((sending) => ({ ...sending, paid: true, maxStars: 1_000 })),
    ],
  },
  'Broadcast.findPage': { role: 'viewer' },
  'Broadcast.test': {
    role: 'editor',
    bodies: (things) => [
      ...contents(things).map((message) => ({ message, chatId: things.chatId })),
      { messageId: things.messageId, chatId: things.chatId },
    ],
  },
  'BroadcastReports.findById': { role: 'viewer', path: broadcastPath },
  'BroadcastReports.findStatistics': { role: 'viewer', path: broadcastPath },
  'BroadcastReports.findDeliveries': { role: 'viewer', path: broadcastPath },
  'BroadcastReports.writeCsv': { role: 'viewer', path: broadcastPath },
  'BroadcastReports.watch': { role: 'viewer', path: broadcastPath },
  'BroadcastControl.pause': { role: 'editor', path: broadcastPath },
  'BroadcastControl.resume': { role: 'editor', path: broadcastPath },
  'BroadcastControl.cancel': { role: 'editor', path: broadcastPath },
  'BroadcastControl.resend': {
    role: 'editor',
    path: broadcastPath,
    bodies: () => [{ states: ['failed', 'unknown'], reasons: ['no_rights'] }],
  },
  'BroadcastChanges.edit': {
    role: 'editor',
    path: broadcastPath,
    bodies: (things) => contents(things).map((message) => ({ message })),
  },
  'BroadcastChanges.recall': { role: 'editor', path: broadcastPath },
  'Schedules.create': { role: 'editor', bodies: schedules },
  'Schedules.list': { role: 'viewer' },
  'Schedules.preview': {
    role: 'viewer',
    bodies: (things) => [
      ...rules.map((rule) => ({ rule, timeZone: 'Europe/Lisbon', count: 3 })),
      { rule: rules[2], ...bounds, language: 'es' },
      ...audiences(things).map((audience) => ({ rule: rules[2], localTimeOf: 'chat', audience })),
    ],
  },
  'Schedules.read': { role: 'viewer', path: schedulePath },
  'Schedules.change': { role: 'editor', path: schedulePath, bodies: schedules },
  'Schedules.delete': { role: 'editor', path: schedulePath },
  'ScheduleApproval.approve': {
    role: 'admin',
    path: schedulePath,
    bodies: () => [{ updatedAt: '2026-07-01T08:00:00.000Z' }],
  },
  'ScheduleApproval.refuse': {
    role: 'admin',
    path: schedulePath,
    bodies: () => [{ reason: 'Not on a Sunday' }],
  },
  'ApprovalSetting.read': { role: 'viewer' },
  'ApprovalSetting.change': { role: 'admin', bodies: () => [{ isRequired: true }] },
  'Sequences.create': {
    role: 'editor',
    bodies: (things) =>
      newSteps(things).map((step) => ({ ...sequence(things), event: 'started', steps: [step] })),
  },
  'Sequences.list': { role: 'viewer' },
  'Sequences.read': { role: 'viewer', path: sequencePath },
  'Sequences.change': {
    role: 'editor',
    path: sequencePath,
    bodies: (things) =>
      newSteps(things).map((step) => ({
        ...sequence(things),
        steps: [{ id: things.stepId, afterSeconds: 60 }, step],
      })),
  },
  'Sequences.pause': { role: 'editor', path: sequencePath },
  'Sequences.resume': { role: 'editor', path: sequencePath },
  'Sequences.delete': { role: 'editor', path: sequencePath },
  'Sequences.preview': { role: 'viewer', path: sequencePath },
  'Sequences.report': { role: 'viewer', path: sequencePath },
  'Sequences.listRuns': { role: 'viewer', path: sequencePath },
  'Sequences.listPeople': { role: 'viewer', path: sequencePath },
  'Schedules.pause': { role: 'editor', path: schedulePath },
  'Schedules.resume': { role: 'editor', path: schedulePath },
  'Schedules.previewById': { role: 'viewer', path: schedulePath },
  'Schedules.listOccurrences': { role: 'viewer', path: schedulePath },
  'Stacks.read': { role: 'viewer', path: stackPath },
  'Stacks.add': {
    role: 'editor',
    path: stackPath,
    bodies: (things) => [
      { messages: [{ messageId: things.messageId }], first: true },
      { messages: stacked(things) },
    ],
  },
  'Stacks.order': { role: 'editor', path: stackPath, bodies: ({ stackedId }) => [{ ids: [stackedId] }] },
  'Stacks.remove': {
    role: 'editor',
    path: ({ stackedScheduleId, stackedId }) => ({ id: stackedScheduleId, stackedId }),
  },
  'Posts.setSlots': {
    role: 'editor',
    path: chatPath,
    bodies: () => [{ slots: [{ weekdays: ['MO', 'SA'], times: ['09:00'] }], timeZone: 'Europe/Lisbon' }],
  },
  'Posts.readSlots': { role: 'viewer', path: chatPath },
  'Posts.add': {
    role: 'editor',
    path: chatPath,
    bodies: (things) => [
      { posts: [{ name: 'News', messageId: things.messageId, at: '2099-12-31T09:00', ...followUps }] },
      { posts: contents(things).map((message) => ({ message })) },
    ],
  },
  'Posts.list': { role: 'viewer', path: chatPath },
  'Posts.move': {
    role: 'editor',
    path: postPath,
    bodies: () => [{ at: '2099-12-30T09:00' }, { nextFreeSlotAfter: '2099-12-30T09:00' }],
  },
  'Posts.remove': {
    role: 'editor',
    path: postPath,
  },
  'ScheduleBulk.change': {
    role: 'editor',
    bodies: ({ scheduleId }) => [
      ...['pause', 'resume', 'delete'].map((action) => ({ action, ids: [scheduleId] })),
      { action: 'shift', ids: [scheduleId], seconds: 60 },
    ],
  },
  'ScheduleBulk.import': {
    role: 'editor',
    bodies: (things) => schedules(things).map((schedule) => ({ schedules: [schedule] })),
  },
  'ScheduleBulk.importCsv': { role: 'editor', bodies: ({ messageId }) => [{ csv: csvOf(messageId) }] },
  'ScheduleBulk.export': { role: 'viewer' },
  'ScheduleBulk.exportCsv': { role: 'viewer' },
  'QuietHours.list': { role: 'viewer' },
  'QuietHours.setForTenant': { role: 'admin', bodies: () => quietHours },
  'QuietHours.deleteForTenant': { role: 'admin' },
  'QuietHours.setForBot': { role: 'admin', path: botPath, bodies: () => quietHours },
  'QuietHours.deleteForBot': { role: 'admin', path: botPath },
  'Calendar.read': { role: 'viewer' },
  'Calendar.readFeed': { role: 'viewer' },
  'Calendar.createFeed': { role: 'admin' },
  'Calendar.deleteFeed': { role: 'admin' },
  'Calendar.writeFeed': { role: 'public', path: () => ({ file: `${'A'.repeat(43)}.ics` }) },
};

export interface Parameter {
  readonly in: 'path' | 'query' | 'header';
  readonly name: string;
  readonly schema: Schema;
}

/** An operation of the document, with its row. */
export interface Operation extends OperationRow {
  readonly id: string;
  readonly method: string;
  readonly template: string;
  readonly parameters: readonly Parameter[];
  readonly bodySchema: Schema | undefined;
  readonly isUpload: boolean;
  /** What a key must have to call it; undefined where no key may. */
  readonly scope: string | undefined;
}

interface DocumentedOperation {
  readonly operationId: string;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: Schema }>> };
}

interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** The committed document; another test makes sure that it is the running application's. */
export const apiDocument = JSON.parse(
  readFileSync(join(homeDirectory, 'openapi.json'), 'utf8'),
) as ApiDocument;

export const operations: readonly Operation[] = Object.entries(apiDocument.paths).flatMap(
  ([template, methods]) =>
    Object.entries(methods).map(([method, { operationId, parameters = [], requestBody, security = [] }]) => ({
      // Without a row, it is taken for the most guarded one; a test says that the row is missing.
      ...(OPERATIONS[operationId] ?? { role: 'owner' }),
      id: operationId,
      method: method.toUpperCase(),
      template,
      parameters,
      bodySchema: requestBody?.content['application/json']?.schema,
      isUpload: requestBody !== undefined && 'multipart/form-data' in requestBody.content,
      scope: security.flatMap(({ apiKey = [] }) => apiKey)[0],
    })),
);

export function addressOf(operation: Operation, parameters: Record<string, string>): string {
  return operation.template.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(parameters[name] ?? ''),
  );
}
