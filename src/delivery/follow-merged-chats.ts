import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { type ChatMerge, ChatMerges } from '../audience/index.js';
import { LANES_CHANNEL } from './delivery.queues.js';

/**
 * What waits for a chat that is merged into another waits for that one from then on, but where the same goes there anyway.
 * Changes stay behind and are passed over: the numbers of messages are the old chat's.
 */
@Injectable()
export class FollowMergedChats implements OnModuleInit {
  constructor(private readonly merges: ChatMerges) {}

  onModuleInit(): void {
    this.merges.register(moveWaiting);
  }
}

async function moveWaiting(manager: EntityManager, { botNo, goneNo, keptNo }: ChatMerge): Promise<void> {
  await manager.query(
    `UPDATE deliveries d SET chat_no = $3
     WHERE d.bot_no = $1 AND d.is_open AND d.state = 0 AND d.chat_no = $2
       AND (d.class = 2 OR EXISTS (SELECT FROM broadcasts b WHERE b.no = d.source_no AND b.kind IN ('send', 'test')))
       AND NOT EXISTS (SELECT FROM deliveries same WHERE same.planned_on = d.planned_on AND same.class = d.class
                         AND same.source_no = d.source_no AND same.chat_no = $3)`,
    [botNo, goneNo, keptNo],
  );
  // Where a lane has read them ahead, their intents are refused, and it reads them anew.
  await manager.query('SELECT pg_notify($1, $2)', [LANES_CHANNEL, botNo]);
}
