import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type ForgottenPerson, PersonTraces } from '../audience/index.js';
import { closeQueued } from './broadcast.rules.js';
import { codeOfState } from './delivery.rules.js';

/**
 * What waits for somebody who is erased is passed over, and what was answered to them is gone. Deliveries that are over
 * stay and count: they name a chat by a number that leads nowhere any more.
 */
@Injectable()
export class ForgetPeople implements OnModuleInit {
  constructor(private readonly traces: PersonTraces) {}

  onModuleInit(): void {
    this.traces.register(forgetPerson);
  }
}

const THEIR_REPLIES = `SELECT no FROM replies
  WHERE bot_no = $1 AND (parameters ->> 'chat_id' = $2 OR update_id = ANY ($3::bigint[]))`;

async function forgetPerson(
  manager: EntityManager,
  { botNo, telegramUserId, updateIds, chatNos }: ForgottenPerson,
): Promise<void> {
  await manager.query(
    `UPDATE deliveries d SET ${closeQueued(codeOfState('skipped'), "'chat_gone'")}
     WHERE bot_no = $1 AND is_open AND state = 0
       AND (chat_no = ANY ($4::bigint[]) OR (class = 2 AND source_no IN (${THEIR_REPLIES})))`,
    [botNo, telegramUserId, updateIds, chatNos],
  );
  await manager.query(`DELETE FROM replies WHERE no IN (${THEIR_REPLIES})`, [
    botNo,
    telegramUserId,
    updateIds,
  ]);
}
