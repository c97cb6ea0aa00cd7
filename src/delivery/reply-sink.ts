import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type Answer, type AnswerSink, type ConnectedBot } from '../bots/index.js';
import { TenantDatabase } from '../platform/database/index.js';
import { DELIVERY_CLASS } from './delivery.rules.js';
import { FanOut } from './fan-out.service.js';

/** Takes what handlers say as deliveries of class reply, committed with the update they answer. */
@Injectable()
export class ReplySink implements AnswerSink {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly fanOut: FanOut,
  ) {}

  /** An update that is handled twice is answered once: what was said before is left as it was. */
  async enqueue(
    manager: EntityManager,
    bot: ConnectedBot,
    updateId: string,
    answers: readonly Answer[],
  ): Promise<void> {
    if (answers.length === 0) return;
    const [said] = await manager.query<{ said: number; queued: number }[]>(
      `WITH said AS (
         INSERT INTO replies (tenant_id, bot_no, update_id, n, method, parameters)
         SELECT $1, $2, $3, answer.n, answer.method, answer.parameters
         FROM jsonb_to_recordset($4) AS answer (n smallint, method text, parameters jsonb)
         ON CONFLICT (bot_no, update_id, n) DO NOTHING
         RETURNING no, n
       ), queued AS (
         INSERT INTO deliveries (planned_on, class, source_no, chat_no, bot_no, tenant_id)
         SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date, ${DELIVERY_CLASS.reply}, said.no, c.no, $2, $1
         FROM said
         JOIN jsonb_to_recordset($4) AS answer (n smallint, "chatId" bigint) ON answer.n = said.n
         JOIN chats c ON c.bot_no = $2 AND c.telegram_chat_id = answer."chatId"
         RETURNING 1)
       SELECT (SELECT count(*)::int FROM said) AS said, (SELECT count(*)::int FROM queued) AS queued`,
      [bot.tenantId, bot.botNo, updateId, JSON.stringify(answers)],
    );
    if (said && said.queued < said.said) {
      throw new Error(`Update ${updateId} is answered in a chat that bot ${bot.botId} doesn't know.`);
    }
    this.tenants.afterCommit(() => this.fanOut.wakeForAnswers([bot.botNo]));
  }
}
