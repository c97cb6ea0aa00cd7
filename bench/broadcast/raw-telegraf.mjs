// A plain loop over Telegraf's client: no state, no pace.
import { Agent } from 'node:http';
import { Telegram } from 'telegraf';
import { messagesOf, sendAll, serveRuns, tokenOf } from '../workload.mjs';

serveRuns(async ({ apiRoot, concurrency, ...workload }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const clients = Array.from(
    { length: workload.botCount },
    (_, bot) => new Telegram(tokenOf(bot), { apiRoot, agent }),
  );
  await sendAll(messagesOf(workload), concurrency, ({ bot, chatId, text }) =>
    clients[bot].sendMessage(chatId, text, { parse_mode: 'HTML' }),
  );
  agent.destroy();
});
