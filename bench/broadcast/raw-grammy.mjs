// A plain loop over grammY's client: no state, no pace.
import { Agent } from 'node:http';
import { Api } from 'grammy';
import { messagesOf, sendAll, serveRuns, tokenOf } from '../workload.mjs';

serveRuns(async ({ apiRoot, concurrency, ...workload }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const clients = Array.from(
    { length: workload.botCount },
    (_, bot) => new Api(tokenOf(bot), { apiRoot, baseFetchConfig: { agent, compress: true } }),
  );
  await sendAll(messagesOf(workload), concurrency, ({ bot, chatId, text }) =>
    clients[bot].sendMessage(chatId, text, { parse_mode: 'HTML' }),
  );
  agent.destroy();
});
