// graphile-worker with batches: a row per message, a job per hundred of them; the task sends its hundred at once with
// Telegraf and updates their rows in one statement. `concurrency` is the number of jobs under way.
import { Agent } from 'node:http';
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import { Telegram } from 'telegraf';
import { batchesOf, messagesOf, serveRuns, tokenOf } from '../workload.mjs';

const MESSAGES_PER_JOB = 100;
const ADDED_AT_ONCE = 20;

const [connectionString] = process.argv.slice(2);
const database = new pg.Pool({ connectionString, max: 10 });
await database.query(
  `CREATE TABLE IF NOT EXISTS graphile_deliveries (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, bot int NOT NULL, chat_id bigint NOT NULL,
     state text NOT NULL DEFAULT 'queued', message_id bigint, sent_at timestamptz)`,
);
const logger = new Logger(() => () => undefined);
const utils = await makeWorkerUtils({ connectionString, logger });
await utils.migrate();

/** Many at once, which this version offers in SQL alone. */
const addJobs = (jobs) =>
  database.query(
    `SELECT FROM graphile_worker.add_jobs(ARRAY(
       SELECT json_populate_recordset(NULL::graphile_worker.job_spec, $1::json)))`,
    [JSON.stringify(jobs)],
  );

serveRuns(async ({ apiRoot, concurrency, ...workload }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency * MESSAGES_PER_JOB });
  const clients = Array.from(
    { length: workload.botCount },
    (_, bot) => new Telegram(tokenOf(bot), { apiRoot, agent }),
  );
  let left = workload.botCount * workload.messagesPerBot;
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));

  const sendBatch = async (messages) => {
    const sent = await Promise.all(
      messages.map(({ bot, chatId, text }) => clients[bot].sendMessage(chatId, text, { parse_mode: 'HTML' })),
    );
    await database.query(
      `UPDATE graphile_deliveries d SET state = 'sent', message_id = s.message_id, sent_at = now()
       FROM unnest($1::bigint[], $2::bigint[]) AS s(id, message_id) WHERE d.id = s.id`,
      [messages.map(({ id }) => id), sent.map(({ message_id: messageId }) => messageId)],
    );
    left -= messages.length;
    if (left === 0) finish();
  };
  const runner = await run({
    connectionString,
    concurrency,
    noHandleSignals: true,
    pollInterval: 100,
    logger,
    taskList: { send: sendBatch },
  });
  let jobs = [];
  for (const messages of batchesOf(messagesOf(workload), MESSAGES_PER_JOB)) {
    const { rows } = await database.query(
      `INSERT INTO graphile_deliveries (bot, chat_id) SELECT * FROM unnest($1::int[], $2::bigint[]) RETURNING id`,
      [messages.map(({ bot }) => bot), messages.map(({ chatId }) => chatId)],
    );
    jobs.push({
      identifier: 'send',
      payload: messages.map((message, position) => ({ id: rows[position].id, ...message })),
    });
    if (jobs.length < ADDED_AT_ONCE) continue;
    await addJobs(jobs);
    jobs = [];
  }
  if (jobs.length > 0) await addJobs(jobs);
  await finished;
  await runner.stop();
  agent.destroy();
});
