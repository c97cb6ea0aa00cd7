// grammY's client in a loop per bot, with a plugin that minds the limits.
import { Agent } from 'node:http';
import { Api } from 'grammy';
import { sendAll, serveRuns, tokenOf } from '../workload.mjs';
import { messagesOfBot } from './messages-of-bot.mjs';

export function runGrammy({ underWayPerBot, transformerOf, outerTransformer }) {
  serveRuns(async ({ apiRoot, botCount, messagesPerBot }) => {
    const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
    const sendOfBot = (bot) => {
      const api = new Api(tokenOf(bot), { apiRoot, baseFetchConfig: { agent, compress: true } });
      api.config.use(transformerOf());
      if (outerTransformer) api.config.use(outerTransformer());
      return sendAll(messagesOfBot(bot, messagesPerBot), underWayPerBot, ({ chatId, text }) =>
        api.sendMessage(chatId, text),
      );
    };
    await Promise.all(Array.from({ length: botCount }, (_, bot) => sendOfBot(bot)));
    agent.destroy();
  });
}
