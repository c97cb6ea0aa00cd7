import { randomUUID } from 'node:crypto';

import {
  LOOPBACK_WEBHOOKS,
  type RunningSandbox,
  type SandboxOptions,
  signSandboxAccess,
  startSandbox,
} from '../../../src/sandbox/index.js';

/** As SANDBOX_KEY has it, so that an installation and a sandbox of a test know each other. */
export const SANDBOX_SECRET = Buffer.alloc(32, 3).toString('base64');

/** Bots of tests are called on this machine. */
export function openSandbox(options: Partial<SandboxOptions> = {}): Promise<RunningSandbox> {
  return startSandbox({
    host: '127.0.0.1',
    port: 0,
    secret: SANDBOX_SECRET,
    webhookTargets: LOOPBACK_WEBHOOKS,
    ...options,
  });
}

export interface Answer<Body = Record<string, unknown>> {
  status: number;
  body: Body;
  contentType: string;
}

/** The control API as one workspace sees it. */
export class ControlClient {
  constructor(
    readonly url: string,
    readonly workspace: string = randomUUID(),
    private readonly lifetimeSeconds = 600,
    private readonly signingSecret = SANDBOX_SECRET,
    private readonly givenToken?: string,
  ) {}

  /** With a token that somebody else signed. */
  static with(url: string, token: string): ControlClient {
    return new ControlClient(url, undefined, undefined, undefined, token);
  }

  get token(): string {
    if (this.givenToken !== undefined) return this.givenToken;
    const expiresAt = Math.floor(Date.now() / 1000) + this.lifetimeSeconds;
    return signSandboxAccess(this.signingSecret, { workspace: this.workspace, expiresAt });
  }

  async request<Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Answer<Body>> {
    const response = await fetch(`${this.url}/sandbox/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: (text === '' ? {} : JSON.parse(text)) as Body,
      contentType: response.headers.get('content-type') ?? '',
    };
  }

  /** Fails the test unless the answer is 2xx. */
  async must<Body = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<Body> {
    const answer = await this.request<Body>(method, path, body);
    if (answer.status >= 300)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  createBot(firstName = 'Ada'): Promise<{ id: number; token: string; username: string }> {
    return this.must('POST', '/bots', { firstName });
  }

  async createPerson(firstName = 'Rui'): Promise<number> {
    const { people } = await this.must<{ people: { id: number }[] }>('POST', '/people', { firstName });
    return people[0]?.id ?? 0;
  }

  /** A bot and a person who has pressed Start. */
  async createPair(): Promise<{ bot: { id: number; token: string; username: string }; personId: number }> {
    const bot = await this.createBot();
    const personId = await this.createPerson();
    await this.must('POST', `/people/${personId}/start`, { botId: bot.id });
    return { bot, personId };
  }

  async messages(chatId: number, botId: number): Promise<SeenMessage[]> {
    const { messages } = await this.must<{ messages: SeenMessage[] }>(
      'GET',
      `/chats/${chatId}/messages?botId=${botId}`,
    );
    return messages;
  }
}

export interface SeenMessage {
  message_id: number;
  text?: string;
  caption?: string;
  photo?: unknown[];
  document?: { file_id: string; file_name: string };
  from?: { id: number; is_bot: boolean };
  reply_markup?: { inline_keyboard: { text: string; callback_data?: string }[][] };
}

export interface WireAnswer<Result = unknown> {
  status: number;
  ok: boolean;
  result: Result;
  error_code?: number;
  description?: string;
  parameters?: { retry_after?: number; migrate_to_chat_id?: number };
}

/** Calls a method as a bot does, in JSON. */
export async function callMethod<Result = Record<string, unknown>>(
  url: string,
  token: string,
  method: string,
  parameters: Record<string, unknown> = {},
): Promise<WireAnswer<Result>> {
  const response = await fetch(`${url}/bot${token}/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(parameters),
  });
  return { status: response.status, ...((await response.json()) as Omit<WireAnswer<Result>, 'status'>) };
}

/** What a workspace's event stream says, from when it is open. */
export async function readEvents(
  control: ControlClient,
): Promise<{ text: () => string; ended: Promise<void>; end: () => void }> {
  const ending = new AbortController();
  const response = await fetch(`${control.url}/sandbox/v1/events`, {
    headers: { authorization: `Bearer ${control.token}` },
    signal: ending.signal,
  });
  let text = '';
  const ended = (async () => {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body ?? []) text += decoder.decode(chunk as Uint8Array);
    } catch (error) {
      if (!ending.signal.aborted) throw error;
    }
  })();
  await waitFor(() => text.includes('welcome') || undefined);
  return { text: () => text, ended, end: () => ending.abort() };
}

/** Waits until something is there; fails after five seconds instead of sleeping for luck. */
export async function waitFor<Value>(
  look: () => Value | undefined | Promise<Value | undefined>,
): Promise<NonNullable<Value>> {
  const deadline = performance.now() + 5000;
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== null && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`Waited in vain for ${look.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}
