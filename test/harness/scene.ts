import { type ControlClient } from '../integration/sandbox/control-client.js';
import { type SignedUpTenant, signUpTenant } from './accounts.js';
import { type Answer } from './client.js';
import { waitUntil } from './wait.js';

/** A broadcast as the API reports it. */
export interface Report {
  readonly id: string;
  readonly state: string;
  readonly stateReason: string | null;
  readonly endedAt: string | null;
  readonly restingBots: readonly { botId: string; until: string }[];
  readonly forecast: { finishAt: string; perSecond: number; basis: string } | null;
  readonly counts: {
    readonly accepted: number;
    readonly queued: number;
    readonly sending: number;
    readonly sent: number;
    readonly failed: number;
    readonly unknown: number;
    readonly cancelled: number;
    readonly skipped: number;
    readonly reasons: readonly { state: string; reason: string; count: number }[];
  };
}

export interface DeliveryView {
  readonly chatId: string;
  readonly botId: string;
  readonly telegramChatId: string;
  readonly state: string;
  readonly reason: string | null;
  readonly attempts: number;
  readonly telegramMessageId: string | null;
}

/** One request that reached the sandbox. */
export interface LedgerRow {
  readonly sequence: number;
  readonly botId: number;
  readonly method: string;
  readonly chatId: number;
  readonly status: number;
  readonly hasEffect: boolean;
  readonly isSending: boolean;
  readonly isViolation: boolean;
  readonly fault: string | null;
  readonly text: string;
  readonly arrivedAtUs: number;
  readonly arrivedAtEpochMs: number;
}

export interface LedgerSummary {
  readonly effects: number;
  readonly violations: number;
  readonly counts: Record<string, Record<string, number>>;
  readonly busiestSecondPerBot: readonly { botId: number; calls: number }[];
  readonly duplicates: { readonly surplus: number; readonly examples: unknown[] };
}

export interface SceneBot {
  readonly id: string;
  readonly telegramId: number;
  readonly token: string;
}

export interface ChatView {
  readonly id: string;
  readonly telegramChatId: number;
  readonly type: string;
  readonly state: string;
  readonly stateReason: string | null;
}

/** Settings that lift every limit of our own. */
export const UNPACED = {
  PACING_BOT_PER_SECOND: '0',
  PACING_CHAT_PER_SECOND: '0',
  PACING_GROUP_PER_MINUTE: '0',
} as const;

/** Waiting for work of several processes on a machine that does other things too. */
const PATIENCE_MS = 40_000;

/** A tenant with its own part of the sandbox: what a program of a customer sees, and what people and Telegram see. */
export class SceneTenant {
  private constructor(
    readonly account: SignedUpTenant,
    readonly control: ControlClient,
  ) {}

  static async signUp(apiUrl: string, control: ControlClient, isLimited = false): Promise<SceneTenant> {
    const tenant = new SceneTenant(await signUpTenant(apiUrl), control);
    if (!isLimited) await tenant.liftLimits();
    return tenant;
  }

  get client() {
    return this.account.client;
  }

  async liftLimits(): Promise<void> {
    await this.control.must('PUT', '/limits', {
      messagesPerSecondPerBot: null,
      messagesPerSecondPerChat: null,
      messagesPerMinutePerGroup: null,
    });
  }

  async connectBot(): Promise<SceneBot> {
    const bot = await this.control.createBot('Herald');
    const answer = await this.client.post<{ id: string }>('/bots', {
      token: bot.token,
      environment: 'sandbox',
    });
    if (answer.status !== 201) throw new Error(`Connecting failed: ${JSON.stringify(answer.body)}`);
    return { id: answer.body.id, telegramId: bot.id, token: bot.token };
  }

  /** People press Start; resolves with their ids when the bot knows and has greeted them. */
  async startPeople(bot: SceneBot, count: number, firstName = 'Rui'): Promise<number[]> {
    const before = await this.countEffects(bot);
    const { people } = await this.control.must<{ people: { id: number }[] }>('POST', '/people', {
      firstName,
      count,
    });
    const ids = people.map(({ id }) => id);
    await this.control.must('POST', '/actions/start', { botId: bot.telegramId, personIds: ids });
    await waitUntil(async () => (await this.countEffects(bot)) >= before + count, PATIENCE_MS);
    return ids;
  }

  async addGroup(bot: SceneBot): Promise<number> {
    const { groups } = await this.control.must<{ groups: { id: number }[] }>('POST', '/groups', {
      title: 'Neighbours',
      type: 'group',
    });
    const id = groups[0]!.id;
    await this.control.must('POST', `/groups/${id}/add-bot`, { botId: bot.telegramId });
    await waitUntil(
      async () => (await this.chats(bot)).some((chat) => chat.telegramChatId === id),
      PATIENCE_MS,
    );
    return id;
  }

  async chats(bot: SceneBot): Promise<ChatView[]> {
    return this.listAll<ChatView>(`/chats?botId=${bot.id}`);
  }

  async chatOf(bot: SceneBot, telegramChatId: number): Promise<ChatView> {
    const chat = (await this.chats(bot)).find((one) => one.telegramChatId === telegramChatId);
    if (!chat) throw new Error(`The bot doesn't know chat ${telegramChatId}.`);
    return chat;
  }

  /** Sends to everybody unless told otherwise. */
  async broadcast(text: string, more: Record<string, unknown> = {}): Promise<Report> {
    const answer = await this.client.post<Report>('/broadcasts', {
      message: { kind: 'text', text },
      audience: { to: 'everybody' },
      ...more,
    });
    if (answer.status !== 201) throw new Error(`Not accepted: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async report(id: string): Promise<Report> {
    return (await this.client.get<Report>(`/broadcasts/${id}`)).body;
  }

  /** Waits until the report is as wished. */
  async until(id: string, isReached: (report: Report) => boolean, patienceMs = PATIENCE_MS): Promise<Report> {
    let report = await this.report(id);
    try {
      await waitUntil(async () => {
        report = await this.report(id);
        return isReached(report);
      }, patienceMs);
    } catch (error) {
      throw new Error(`The broadcast stands at ${JSON.stringify(report)}`, { cause: error });
    }
    return report;
  }

  untilPlanned(id: string): Promise<Report> {
    return this.until(id, ({ state }) => state !== 'planning');
  }

  /** Ended, and nothing of it under way any more. */
  untilEnded(id: string, patienceMs?: number): Promise<Report> {
    return this.until(
      id,
      ({ state, counts }) =>
        !['planning', 'sending', 'paused'].includes(state) && counts.queued + counts.sending === 0,
      patienceMs,
    );
  }

  deliveries(id: string, state?: string): Promise<DeliveryView[]> {
    return this.listAll<DeliveryView>(`/broadcasts/${id}/deliveries${state ? `?state=${state}` : ''}`);
  }

  /** What reached the sandbox, oldest first; all of it, or what begins with this text. */
  async ledger(textPrefix?: string): Promise<LedgerRow[]> {
    const filter = textPrefix === undefined ? '' : `&textPrefix=${encodeURIComponent(textPrefix)}`;
    const { rows } = await this.control.must<{ rows: LedgerRow[] }>('GET', `/ledger?limit=10000${filter}`);
    return rows;
  }

  /** What the tenant's bots called, by whatever filter the ledger has. */
  summary(filter = ''): Promise<LedgerSummary> {
    return this.control.must('GET', `/ledger/summary?${filter}`);
  }

  fault(kind: string, more: Record<string, unknown> = {}): Promise<unknown> {
    return this.control.must('POST', '/faults', { kind, method: 'sendMessage', ...more });
  }

  async botState(bot: SceneBot): Promise<string> {
    return (await this.client.get<{ state: string }>(`/bots/${bot.id}`)).body.state;
  }

  private async countEffects(bot: SceneBot): Promise<number> {
    return (await this.summary(`botId=${bot.telegramId}&method=sendMessage`)).effects;
  }

  private async listAll<Item>(path: string): Promise<Item[]> {
    const items: Item[] = [];
    let cursor: string | null = null;
    do {
      const query: string = `${path.includes('?') ? '&' : '?'}limit=200${cursor === null ? '' : `&cursor=${cursor}`}`;
      const page: Answer<{ items: Item[]; nextCursor: string | null }> = await this.client.get(path + query);
      if (page.status !== 200) throw new Error(`${path}: ${JSON.stringify(page.body)}`);
      items.push(...page.body.items);
      cursor = page.body.nextCursor;
    } while (cursor !== null);
    return items;
  }
}
