import { z } from 'zod';

export const ROLES = ['api', 'scheduler', 'worker', 'poller', 'sandbox'] as const;
export type Role = (typeof ROLES)[number];

const port = z.coerce.number().int().min(0).max(65_535);
const positive = (maximum: number) => z.coerce.number().int().min(1).max(maximum);
const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) address such as https://example.org' })
  .transform((url) => url.replace(/\/+$/, ''));
const postgresUrl = z.url({
  protocol: /^postgres(ql)?$/,
  error: 'must look like postgres://user:password@host:5432/database',
});
/** 0 lifts the limit. */
const rate = z.coerce
  .number()
  .min(0)
  .max(100_000)
  .transform((perUnit) => (perUnit === 0 ? Infinity : perUnit));
/** 32 random bytes, as `openssl rand -base64 32` prints them. */
const key = z
  .string()
  .transform((text) => Buffer.from(text, 'base64'))
  .refine(
    (bytes) => bytes.length === 32,
    'must be 32 bytes in base64, as `openssl rand -base64 32` prints them',
  );

/** Every environment variable: its type, its default, and why it exists. Read once, frozen, read nowhere else. */
export const settingsSchema = z.object({
  NODE_ENV: z
    .enum(['development', 'test', 'production'])
    .default('development')
    .describe('production refuses to invent secrets and shows Swagger UI to signed-in people alone'),
  ARAUTO_ROLES: z
    .string()
    .default(ROLES.join(','))
    .transform((text) => text.split(',').map((role) => role.trim()))
    .pipe(z.array(z.enum(ROLES)).min(1))
    .describe('what this process does; more workers are more processes with the role worker'),
  ARAUTO_HOME: z
    .string()
    .min(1)
    .default('.arauto')
    .describe('folder of the embedded database and of development secrets'),
  HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('address that the API listens on; 0.0.0.0 in a container'),
  PORT: port.default(3000).describe('port of the API; 0 takes a free one'),
  MONITORING_HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe(
      'address that health and metrics listen on; 0.0.0.0 in a container, where no ingress leads to it',
    ),
  MONITORING_PORT: port
    .optional()
    .describe(
      'port of health and metrics, of a process with any role, for orchestrators and Prometheus; 0 takes a free one, without it there is none',
    ),
  PUBLIC_URL: httpUrl
    .optional()
    .describe(
      'address under which Telegram reaches the API; with it bots get webhooks, without it they are polled',
    ),
  TRUST_PROXY_HOPS: z.coerce
    .number()
    .int()
    .min(0)
    .max(10)
    .default(0)
    .describe('exact number of reverse proxies in front of the API'),
  CONSOLE_URL: httpUrl
    .optional()
    .describe(
      'address of the web console, for the links in mails; PUBLIC_URL, or where the API listens, if not set',
    ),
  SMTP_URL: z
    .url({ protocol: /^smtps?$/, error: 'must look like smtp://user:password@host:587 or smtps://…:465' })
    .optional()
    .describe(
      'mail server; without it mails are files in ARAUTO_HOME/mail, and in production no mail is sent at all',
    ),
  MAIL_FROM: z
    .string()
    .regex(
      /^[^\p{Cc}]{3,200}$/u,
      'must be an address such as arauto@example.org or Arauto <arauto@example.org>',
    )
    .regex(/@/, 'must be an address such as arauto@example.org or Arauto <arauto@example.org>')
    .optional()
    .describe('sender of mails; needed with SMTP_URL'),
  SIGN_UP: z
    .enum(['at_once', 'by_mail'])
    .optional()
    .describe(
      'at_once: an account and a session with the answer, which tells whether an address has an account; by_mail: a link in a mail first, and nobody is told; by_mail in production with SMTP_URL, at_once elsewhere, if not set',
    ),
  DATABASE_URL: postgresUrl
    .optional()
    .describe(
      "application's login (owns nothing, bypasses nothing); without it an embedded PostgreSQL is started",
    ),
  DATABASE_OWNER_URL: postgresUrl.optional().describe('login that owns the tables and runs migrations'),
  DATABASE_DISPATCHER_URL: postgresUrl
    .optional()
    .describe('login of the named crossings between tenants: ticker, lanes, inbox, sign-in'),
  DATABASE_POOL_SIZE: positive(500)
    .default(10)
    .describe("connections of the application's login per process; the dispatcher's pool has as many"),
  QUEUE_URL: z
    .url({ protocol: /^rediss?$/, error: 'must look like redis://host:6379' })
    .optional()
    .describe('Redis or Valkey for BullMQ; without it the queue lives in PostgreSQL'),
  QUEUE_PREFIX: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/)
    .default('arauto')
    .describe('name space of the queues, for several installations on one Redis'),
  TELEGRAM_API_ROOT: httpUrl
    .default('https://api.telegram.org')
    .describe('Bot API server of live bots; a local Bot API server works too'),
  TELEGRAM_CONNECTIONS: positive(4096)
    .default(2048)
    .describe('most connections to one Bot API server; each carries one call at a time'),
  SANDBOX_HOST: z.string().min(1).default('127.0.0.1').describe('address that the sandbox listens on'),
  SANDBOX_PORT: port.default(3001).describe('port of the sandbox; 0 takes a free one'),
  SANDBOX_URL: httpUrl.optional().describe('where the sandbox is, when it runs in another process'),
  SANDBOX_PUBLIC_URL: httpUrl
    .optional()
    .describe('address of the sandbox as people’s browsers and programs reach it, where that is another one'),
  API_URL: httpUrl
    .optional()
    .describe('where the API is for a sandbox in a process of its own; that of HOST and PORT if not set'),
  API_REQUESTS_PER_MINUTE: rate
    .default(600)
    .describe(
      'most requests a minute of one person or API key in a tenant, or of an operator; 0 lifts the limit',
    ),
  API_ANONYMOUS_REQUESTS_PER_MINUTE: rate
    .default(300)
    .describe('most requests a minute of one network without a valid session or key; 0 lifts the limit'),
  PACING_BOT_PER_SECOND: rate
    .default(30)
    .describe('most messages a second of one bot (Telegram: about 30); 0 lifts the limit'),
  PACING_CHAT_PER_SECOND: rate
    .default(1)
    .describe('most messages a second to one chat (Telegram: 1); 0 lifts the limit'),
  PACING_GROUP_PER_MINUTE: rate
    .default(20)
    .describe('most messages a minute to one group (Telegram: 20); 0 lifts the limit'),
  LANES_PER_WORKER: positive(10_000)
    .default(1000)
    .describe('bots that one worker process drives at the same time'),
  WEBHOOK_PRIVATE_TARGETS: z
    .stringbool({ error: 'must be true or false' })
    .default(false)
    .describe(
      "lets tenants' webhooks lead to private addresses and over plain http; for development, and where every tenant is trusted",
    ),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('least level that is logged'),
  ENCRYPTION_KEY: key
    .optional()
    .describe('wraps the data keys that encrypt bot tokens; losing it loses the tokens'),
  ENCRYPTION_KEY_PREVIOUS: key
    .optional()
    .describe('the other key while ENCRYPTION_KEY changes: what either sealed is opened; see docs/keys.md'),
  SESSION_KEY: key.optional().describe('signs access tokens and derives refresh tokens and webhook secrets'),
  SANDBOX_KEY: key.optional().describe('signs access to the control API of the sandbox'),
});

export type Settings = Readonly<z.output<typeof settingsSchema>>;

/** A setting that can't be used; its message names every variable concerned and never shows a value. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * Parses the environment.
 * @throws SettingsError naming each variable that is wrong, with what it must look like
 */
export function parseSettings(environment: Record<string, string | undefined>): Settings {
  // `FOO=` in a compose file means "not set", not "set to nothing".
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = settingsSchema.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new SettingsError(`Arauto can't start; mend these environment variables:\n${lines.join('\n')}`);
  }
  if (parsed.data.SMTP_URL !== undefined && parsed.data.MAIL_FROM === undefined) {
    throw new SettingsError(
      "Arauto can't start: SMTP_URL is set, so MAIL_FROM must say who sends the mails.",
    );
  }
  return Object.freeze(parsed.data);
}
