// A BullMQ queue and a worker for each bot, each with the limiter at Telegram's thirty a second.
import { Agent } from 'node:http';
import IORedis from 'ioredis';
import { Queue, Worker } from 'bullmq';
import { Telegram } from 'telegraf';
import { batchesOf, serveRuns, tokenOf } from '../workload.mjs';
import { bigMessages, smallMessages } from './messages.mjs';

const LIMITER = { max: 30, duration: 1_000 };
const UNDER_WAY_PER_BOT = 30;
const ADDED_AT_ONCE = 5_000;

const [redisUrl] = process.argv.slice(2);
const connection = new IORedis(redisUrl, { maxRetriesPerRequest: null });

serveRuns(async ({ apiRoot, bigCount, smallBots, smallPerBot }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  let left = smallBots * smallPerBot;
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));
  const lanes = await Promise.all(
    Array.from({ length: smallBots + 1 }, async (_, bot) => {
      const name = `bot-${bot}`;
      const client = new Telegram(tokenOf(bot), { apiRoot, agent });
      const queue = new Queue(name, { connection });
      const worker = new Worker(
        name,
        async ({ data: { chatId, text } }) => {
          await client.sendMessage(chatId, text);
          if (bot === 0) return;
          left -= 1;
          if (left === 0) finish();
        },
        { connection, concurrency: UNDER_WAY_PER_BOT, limiter: LIMITER },
      );
      worker.on('error', (error) => console.error(error.message));
      await worker.waitUntilReady();
      return { queue, worker };
    }),
  );
  const addTo = (bot, messages) =>
    lanes[bot].queue.addBulk(
      messages.map((data) => ({ name: 'send', data, opts: { removeOnComplete: true } })),
    );
  for (const some of batchesOf(bigMessages(bigCount), ADDED_AT_ONCE)) await addTo(0, some);
  const startedMs = performance.timeOrigin + performance.now();
  const messages = groupByBot(smallMessages(smallBots, smallPerBot));
  await Promise.all([...messages].map(([bot, own]) => addTo(bot, own)));
  await finished;
  await Promise.all(lanes.map(({ worker }) => worker.close(true)));
  await Promise.all(lanes.map(({ queue }) => queue.obliterate({ force: true })));
  await Promise.all(lanes.map(({ queue }) => queue.close()));
  agent.destroy();
  return { startedMs };
});

function groupByBot(messages) {
  const byBot = new Map();
  for (const message of messages) {
    const own = byBot.get(message.bot);
    if (own) own.push(message);
    else byBot.set(message.bot, [message]);
  }
  return byBot;
}
