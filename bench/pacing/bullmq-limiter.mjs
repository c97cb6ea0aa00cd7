// BullMQ with a queue and a worker per bot, each with the limiter set to thirty jobs a second; a refusal is handed to the
// limiter, as BullMQ's manual has it.
import { Agent } from 'node:http';
import IORedis from 'ioredis';
import { Queue, Worker } from 'bullmq';
import { Telegram } from 'telegraf';
import { serveRuns, tokenOf } from '../workload.mjs';
import { messagesOfBot } from './messages-of-bot.mjs';

const UNDER_WAY_PER_BOT = 30;
const LIMITER = { max: 30, duration: 1_000 };

const [redisUrl] = process.argv.slice(2);
const connection = new IORedis(redisUrl, { maxRetriesPerRequest: null });

serveRuns(async ({ apiRoot, botCount, messagesPerBot }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const sendOfBot = async (bot) => {
    const name = `bot-${bot}`;
    const client = new Telegram(tokenOf(bot), { apiRoot, agent });
    const queue = new Queue(name, { connection });
    await queue.addBulk(
      [...messagesOfBot(bot, messagesPerBot)].map((data) => ({
        name: 'send',
        data,
        opts: { removeOnComplete: true },
      })),
    );
    let left = messagesPerBot;
    await new Promise((finish, fail) => {
      const worker = new Worker(
        name,
        async ({ data: { chatId, text } }) => {
          try {
            await client.sendMessage(chatId, text);
          } catch (error) {
            const retryAfterSeconds = error.response?.parameters?.retry_after;
            if (retryAfterSeconds === undefined) throw error;
            await worker.rateLimit(retryAfterSeconds * 1_000);
            throw Worker.RateLimitError();
          }
        },
        { connection, concurrency: UNDER_WAY_PER_BOT, limiter: LIMITER },
      );
      worker.on('error', fail);
      worker.on('completed', () => {
        left -= 1;
        if (left === 0) worker.close().then(finish, fail);
      });
    });
    await queue.obliterate({ force: true });
    await queue.close();
  };
  await Promise.all(Array.from({ length: botCount }, (_, bot) => sendOfBot(bot)));
  agent.destroy();
});
