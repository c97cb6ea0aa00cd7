import { type Agent, request } from 'undici';

import { createEgressAgent } from '../../platform/egress/index.js';
import { type CallRunner } from '../wire/call-runner.js';
import { type Bot, type Webhook } from '../world/inhabitants.js';
import { type PendingUpdate, toWireUpdate } from '../world/update-queue.js';
import { type World } from '../world/world.js';
import { findTargetProblem, nextDelayMs, type WebhookTargetRules } from './webhook-target.rules.js';

/** Where a bot's deliveries stand. */
interface Delivery {
  readonly updateIds: Set<number>;
  readonly chatIds: Set<number>;
  failures: number;
  rest: NodeJS.Timeout | undefined;
}

const CONNECTION_FAILED = 'Connection failed';
const answerTimeoutMs = 30_000;
const mostReplyBytes = 1024 * 1024;
// How far ahead to look for a chat that is not waiting for an earlier update.
const lookAhead = 500;

/** Brings updates to webhooks: in order within a chat, again and again until the answer is 2xx. */
export class WebhookSender {
  private readonly deliveries = new Map<Bot, Delivery>();
  private readonly agent: Agent;
  private isClosed = false;

  constructor(
    private readonly world: World,
    private readonly runner: CallRunner,
    private readonly targets: WebhookTargetRules,
    private readonly log: (line: string) => void,
  ) {
    this.agent = createEgressAgent(targets.isAddressAllowed, answerTimeoutMs);
    world.onWebhookChanged = (bot) => {
      this.restart(bot);
    };
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const delivery of this.deliveries.values()) clearTimeout(delivery.rest);
    await this.agent.destroy();
  }

  private restart(bot: Bot): void {
    const delivery = this.deliveries.get(bot);
    clearTimeout(delivery?.rest);
    if (!bot.webhook) {
      this.deliveries.delete(bot);
      bot.updates.onPushed = undefined;
      return;
    }
    this.deliveries.set(bot, {
      updateIds: delivery?.updateIds ?? new Set(),
      chatIds: delivery?.chatIds ?? new Set(),
      failures: 0,
      rest: undefined,
    });
    bot.updates.onPushed = () => {
      this.pump(bot);
    };
    this.pump(bot);
  }

  private pump(bot: Bot): void {
    const delivery = this.deliveries.get(bot);
    const { webhook } = bot;
    if (!delivery || !webhook || delivery.rest || this.isClosed) return;
    // After a failure one at a time, until the target is well again.
    const room = delivery.failures > 0 ? 1 : webhook.maxConnections;
    for (const update of bot.updates.peek(lookAhead, this.world.nowMs())) {
      if (delivery.updateIds.size >= room) return;
      if (delivery.updateIds.has(update.id) || delivery.chatIds.has(update.chatId)) continue;
      void this.deliver(bot, webhook, delivery, update);
    }
  }

  private async deliver(
    bot: Bot,
    webhook: Webhook,
    delivery: Delivery,
    update: PendingUpdate,
  ): Promise<void> {
    delivery.updateIds.add(update.id);
    delivery.chatIds.add(update.chatId);
    let problem: string | undefined;
    try {
      problem = await this.post(bot, webhook, update);
    } catch (error) {
      problem = describeFailure(error);
    }
    delivery.updateIds.delete(update.id);
    delivery.chatIds.delete(update.chatId);
    if (problem === undefined) {
      delivery.failures = 0;
      bot.updates.remove(update.id);
    } else if (bot.webhook === webhook) this.rest(bot, webhook, delivery, problem);
    this.pump(bot);
  }

  private rest(bot: Bot, webhook: Webhook, delivery: Delivery, problem: string): void {
    webhook.lastErrorDate = this.world.nowSeconds();
    webhook.lastErrorMessage = problem;
    delivery.failures++;
    if (this.isClosed) return;
    clearTimeout(delivery.rest);
    delivery.rest = setTimeout(() => {
      delivery.rest = undefined;
      this.pump(bot);
    }, nextDelayMs(delivery.failures));
  }

  /** Gives what went wrong, or undefined when the update has arrived. */
  private async post(bot: Bot, webhook: Webhook, update: PendingUpdate): Promise<string | undefined> {
    // It may be older than the rule: webhooks survive a restart.
    if (findTargetProblem(webhook.url, this.targets) !== undefined) return CONNECTION_FAILED;
    const secret = webhook.secretToken;
    const response = await request(webhook.url, {
      method: 'POST',
      dispatcher: this.agent,
      headers: {
        'content-type': 'application/json',
        ...(secret === undefined ? {} : { 'x-telegram-bot-api-secret-token': secret }),
      },
      body: JSON.stringify(toWireUpdate(update)),
    });
    if (response.statusCode < 200 || response.statusCode > 299) {
      await response.body.dump();
      return `Wrong response from the webhook: ${response.statusCode}`;
    }
    const reply = await readBounded(response.body);
    if (reply.startsWith('{')) await this.carryOutReply(bot, reply);
    return undefined;
  }

  /** https://core.telegram.org/bots/api#making-requests-when-getting-updates: the answer may be a call itself. */
  private async carryOutReply(bot: Bot, reply: string): Promise<void> {
    let call: unknown;
    try {
      call = JSON.parse(reply);
    } catch {
      return; // Telegram ignores an answer that is no call.
    }
    const { method, ...parameters } = call as Record<string, unknown>;
    if (typeof method !== 'string') return;
    const arrival = { atUs: this.world.clock.monotonicMs() * 1000, atEpochMs: this.world.nowMs() };
    try {
      await this.runner.run(bot, method, { parameters }, { arrival, isWebhookReply: true });
    } catch (error) {
      // The update itself has arrived: delivering it again would not help.
      this.log(`A webhook's reply ended in an error of the sandbox itself: ${String(error)}`);
    }
  }
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > mostReplyBytes) return '';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8').trimStart();
}

function describeFailure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ECONNREFUSED') return 'Connection refused';
  if (code.endsWith('_TIMEOUT') || code === 'ETIMEDOUT') return 'Read timeout expired';
  // No more than Telegram would say: what else went wrong tells of the network behind.
  return CONNECTION_FAILED;
}
