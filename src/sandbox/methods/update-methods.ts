import { badRequest, conflict } from '../wire/call.errors.js';
import { type Bot } from '../world/inhabitants.js';
import { toWireUpdate } from '../world/update-queue.js';
import { type WireUpdate } from '../world/wire-objects.js';
import { arrayOf, type MethodCall, type MethodHandler, numberOf, stringOf } from './method-call.js';

// https://core.telegram.org/bots/api#getupdates and #setwebhook
const mostUpdates = 100;
const longestPollSeconds = 50;
const secretTokenShape = /^[A-Za-z0-9_-]{1,256}$/;

/** Says why a webhook must not lead there, or undefined when it may. */
export type CheckWebhookTarget = (url: string) => string | undefined;

interface WaitingPoll {
  wake: () => void;
  refuse: (reason: Error) => void;
}

/**
 * `getUpdates` and the webhook's methods: the two ways to get updates exclude each other, and of two pollers the older
 * one is sent away.
 */
export function createUpdateMethods(checkWebhookTarget: CheckWebhookTarget): Record<string, MethodHandler> {
  const polls = new Map<Bot, WaitingPoll>();

  function sendAway(bot: Bot, by: string): void {
    const poll = polls.get(bot);
    polls.delete(bot);
    poll?.refuse(conflict(`terminated by ${by}`));
  }

  function takeUpdates({ bot, world }: MethodCall, limit: number): WireUpdate[] {
    return bot.updates.peek(limit, world.nowMs()).map(toWireUpdate);
  }

  async function waitForUpdate(bot: Bot, seconds: number, signal: AbortSignal | undefined): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    let wake = (): void => undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        wake = () => {
          resolve();
        };
        polls.set(bot, { wake, refuse: reject });
        bot.updates.onPushed = wake;
        timer = setTimeout(wake, seconds * 1000);
        signal?.addEventListener('abort', wake, { once: true });
      });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      if (polls.get(bot)?.wake === wake) {
        polls.delete(bot);
        bot.updates.onPushed = undefined;
      }
    }
  }

  async function getUpdates(call: MethodCall): Promise<WireUpdate[]> {
    const { bot } = call;
    if (bot.webhook) {
      throw conflict(
        "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
      );
    }
    sendAway(bot, 'other getUpdates request; make sure that only one bot instance is running');
    allowKinds(call);
    bot.updates.confirm(numberOf(call, 'offset') ?? 0);
    const limit = Math.min(mostUpdates, Math.max(1, numberOf(call, 'limit') ?? mostUpdates));
    const timeoutSeconds = Math.min(longestPollSeconds, Math.max(0, numberOf(call, 'timeout') ?? 0));
    const updates = takeUpdates(call, limit);
    if (updates.length > 0 || timeoutSeconds === 0) return updates;
    await waitForUpdate(bot, timeoutSeconds, call.signal);
    return takeUpdates(call, limit);
  }

  function setWebhook(call: MethodCall): true {
    const { bot, world } = call;
    const url = stringOf(call, 'url') ?? '';
    if (url === '') return deleteWebhook(call);
    const problem = checkWebhookTarget(url);
    if (problem !== undefined) throw badRequest(`bad webhook: ${problem}`);
    const secretToken = stringOf(call, 'secret_token');
    if (secretToken !== undefined && !secretTokenShape.test(secretToken)) {
      throw badRequest('secret token contains unallowed characters');
    }
    const maxConnections = numberOf(call, 'max_connections') ?? 40;
    if (maxConnections < 1 || maxConnections > 100)
      throw badRequest('max_connections must be between 1 and 100');
    allowKinds(call);
    if (call.parameters['drop_pending_updates'] === true) bot.updates.clear();
    sendAway(bot, 'setWebhook request');
    world.setWebhook(bot, { url, secretToken, maxConnections });
    return true;
  }

  function deleteWebhook({ bot, world, parameters }: MethodCall): true {
    if (parameters['drop_pending_updates'] === true) bot.updates.clear();
    if (bot.webhook) world.setWebhook(bot, undefined);
    return true;
  }

  return { getUpdates, setWebhook, deleteWebhook, getWebhookInfo, answerCallbackQuery };
}

function allowKinds(call: MethodCall): void {
  if (call.parameters['allowed_updates'] === undefined) return;
  const kinds = arrayOf(call, 'allowed_updates');
  const isShaped = kinds.length <= 100 && kinds.every((kind) => typeof kind === 'string');
  if (!isShaped) throw badRequest("can't parse allowed updates: expected an Array of String");
  call.bot.updates.allow(kinds);
}

function getWebhookInfo({ bot }: MethodCall): Record<string, unknown> {
  const { webhook, updates } = bot;
  const info = {
    url: webhook?.url ?? '',
    has_custom_certificate: false,
    pending_update_count: updates.length,
    ...(updates.allowed ? { allowed_updates: updates.allowed } : {}),
  };
  if (!webhook) return info;
  const { lastErrorDate, lastErrorMessage, maxConnections } = webhook;
  return {
    ...info,
    max_connections: maxConnections,
    ...(lastErrorDate === undefined
      ? {}
      : { last_error_date: lastErrorDate, last_error_message: lastErrorMessage }),
  };
}

function answerCallbackQuery(call: MethodCall): true {
  const { bot, world } = call;
  const query = bot.callbackQueries.findAnswerable(stringOf(call, 'callback_query_id') ?? '', world.nowMs());
  if (!query) throw badRequest('query is too old and response timeout expired or query ID is invalid');
  const text = stringOf(call, 'text');
  const url = stringOf(call, 'url');
  // https://core.telegram.org/bots/api#answercallbackquery
  if (text !== undefined && text.length > 200) throw badRequest('MESSAGE_TOO_LONG');
  query.answer = {
    showAlert: call.parameters['show_alert'] === true,
    ...(text === undefined ? {} : { text }),
    ...(url === undefined ? {} : { url }),
  };
  bot.workspace.announce({ type: 'callback_answer', botId: bot.id, chatId: query.personId, payload: query });
  return true;
}
