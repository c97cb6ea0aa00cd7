// A plain loop over undici: no state, no pace, no second look. What the wire alone costs.
import { Pool } from 'undici';
import { messagesOf, sendAll, serveRuns, tokenOf } from '../workload.mjs';

const headers = { 'content-type': 'application/json' };

serveRuns(async ({ apiRoot, concurrency, ...workload }) => {
  const pool = new Pool(apiRoot, { connections: concurrency });
  await sendAll(messagesOf(workload), concurrency, async ({ bot, chatId, text }) => {
    const { body } = await pool.request({
      path: `/bot${tokenOf(bot)}/sendMessage`,
      method: 'POST',
      headers,
      body: JSON.stringify({ chat_id: chatId, text, parse_mode: 'HTML' }),
    });
    const answer = await body.json();
    if (!answer.ok) throw new Error(answer.description);
  });
  await pool.close();
});
