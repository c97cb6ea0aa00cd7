// One BullMQ queue with a job per message: first in, first out, or with the small ones' jobs marked as more urgent. No pace is
// kept and nothing is stored beside the jobs, which is to its advantage.
import { Agent } from 'node:http';
import IORedis from 'ioredis';
import { Queue, Worker } from 'bullmq';
import { Telegram } from 'telegraf';
import { batchesOf, serveRuns, tokenOf } from '../workload.mjs';
import { bigMessages, smallMessages } from './messages.mjs';

const ADDED_AT_ONCE = 5_000;

const [redisUrl, order, underWay] = process.argv.slice(2);
const concurrency = Number(underWay);
const connection = new IORedis(redisUrl, { maxRetriesPerRequest: null });

serveRuns(async ({ apiRoot, bigCount, smallBots, smallPerBot }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const clients = Array.from(
    { length: smallBots + 1 },
    (_, bot) => new Telegram(tokenOf(bot), { apiRoot, agent }),
  );
  const queue = new Queue('fairness', { connection });
  const options = {
    big: order === 'priority' ? { priority: 10 } : {},
    small: order === 'priority' ? { priority: 1 } : {},
  };
  const add = async (messages, opts) => {
    for (const some of batchesOf(messages, ADDED_AT_ONCE)) {
      await queue.addBulk(
        some.map((data) => ({ name: 'send', data, opts: { ...opts, removeOnComplete: true } })),
      );
    }
  };
  await add(bigMessages(bigCount), options.big);
  let left = smallBots * smallPerBot;
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));
  const worker = new Worker(
    'fairness',
    async ({ data: { bot, chatId, text } }) => {
      await clients[bot].sendMessage(chatId, text);
      if (bot === 0) return;
      left -= 1;
      if (left === 0) finish();
    },
    { connection, concurrency },
  );
  worker.on('error', (error) => console.error(error.message));
  await worker.waitUntilReady();
  const startedMs = performance.timeOrigin + performance.now();
  await add(smallMessages(smallBots, smallPerBot), options.small);
  await finished;
  await worker.close(true);
  await queue.obliterate({ force: true });
  await queue.close();
  agent.destroy();
  return { startedMs };
});
