// Telegraf in a loop per bot with thirty calls under way; what is refused is tried again once `retry_after` has passed.
import { Agent } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { Telegram } from 'telegraf';
import { sendAll, serveRuns, tokenOf } from '../workload.mjs';
import { messagesOfBot } from './messages-of-bot.mjs';

const UNDER_WAY_PER_BOT = 30;

serveRuns(async ({ apiRoot, botCount, messagesPerBot }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const sendOfBot = (bot) => {
    const client = new Telegram(tokenOf(bot), { apiRoot, agent });
    return sendAll(messagesOfBot(bot, messagesPerBot), UNDER_WAY_PER_BOT, ({ chatId, text }) =>
      sendUntilTaken(client, chatId, text),
    );
  };
  await Promise.all(Array.from({ length: botCount }, (_, bot) => sendOfBot(bot)));
  agent.destroy();
});

async function sendUntilTaken(client, chatId, text) {
  for (;;) {
    try {
      return await client.sendMessage(chatId, text);
    } catch (error) {
      const retryAfterSeconds = error.response?.parameters?.retry_after;
      if (retryAfterSeconds === undefined) throw error;
      await wait(retryAfterSeconds * 1_000);
    }
  }
}
