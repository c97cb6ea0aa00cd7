// The usual way: one row and one BullMQ job per message; the worker sends with Telegraf and updates the row.
import { Agent } from 'node:http';
import { createPostgresBackend, PostgresConnection, Queue, setDefaultBackendFactory, Worker } from 'bullmq';
import pg from 'pg';
import { Telegram } from 'telegraf';
import { batchesOf, messagesOf, serveRuns, tokenOf } from '../workload.mjs';

const SCHEMA = 'bullmq';
const ADDED_AT_ONCE = 2_000;
const POOL_SIZE = 20;

const [databaseUrl, redisUrl] = process.argv.slice(2);
const database = new pg.Pool({ connectionString: databaseUrl, max: POOL_SIZE });
const connection = redisUrl ? { url: redisUrl, maxRetriesPerRequest: null } : await openPostgresQueue();

async function openPostgresQueue() {
  setDefaultBackendFactory(createPostgresBackend);
  const migrating = new PostgresConnection({
    connectionString: databaseUrl,
    schema: SCHEMA,
    migrate: true,
    max: 1,
  });
  await migrating.waitUntilReady();
  await migrating.close();
  return new pg.Pool({
    connectionString: databaseUrl,
    max: POOL_SIZE,
    options: `-c search_path=${SCHEMA}`,
  });
}

await database.query(
  `CREATE TABLE IF NOT EXISTS peer_deliveries (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, bot int NOT NULL, chat_id bigint NOT NULL,
     state text NOT NULL DEFAULT 'queued', message_id bigint, sent_at timestamptz)`,
);

let runs = 0;
serveRuns(async ({ apiRoot, concurrency, ...workload }) => {
  const name = `messages-${redisUrl ? 'redis' : 'postgres'}-${process.pid}-${(runs += 1)}`;
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const clients = Array.from(
    { length: workload.botCount },
    (_, bot) => new Telegram(tokenOf(bot), { apiRoot, agent }),
  );
  const queue = new Queue(name, { connection });
  queue.on('error', reportError);
  let left = workload.botCount * workload.messagesPerBot;
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));
  const worker = new Worker(
    name,
    async ({ data: { id, bot, chatId, text } }) => {
      const { message_id: messageId } = await clients[bot].sendMessage(chatId, text, { parse_mode: 'HTML' });
      await database.query(
        `UPDATE peer_deliveries SET state = 'sent', message_id = $2, sent_at = now() WHERE id = $1`,
        [id, messageId],
      );
    },
    { connection, concurrency },
  );
  worker.on('error', reportError);
  worker.on('completed', () => (left -= 1) === 0 && finish());
  await worker.waitUntilReady();

  for (const messages of batchesOf(messagesOf(workload), ADDED_AT_ONCE)) {
    const { rows } = await database.query(
      `INSERT INTO peer_deliveries (bot, chat_id) SELECT * FROM unnest($1::int[], $2::bigint[]) RETURNING id`,
      [messages.map(({ bot }) => bot), messages.map(({ chatId }) => chatId)],
    );
    await queue.addBulk(
      messages.map((message, position) => ({
        name: 'send',
        data: { id: rows[position].id, ...message },
        opts: { removeOnComplete: true },
      })),
    );
  }
  await finished;
  await worker.close();
  await queue.obliterate({ force: true });
  await queue.close();
  agent.destroy();
});

function reportError(error) {
  console.error(`job per message: ${error.message}`);
}
