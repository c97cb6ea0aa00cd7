import { Injectable } from '@nestjs/common';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { type BotNumber } from '../../platform/identity/index.js';

/** PostgreSQL channel: a bot rests; the payload is its number and for how many milliseconds. */
export const RESTS_CHANNEL = 'arauto_rests';

/** What a payload of {@link RESTS_CHANNEL} says. */
export function readRest(payload: string): { botNo: string; restMs: number } {
  const [botNo = '', restMs] = payload.split(' ');
  return { botNo, restMs: Number(restMs) };
}

/** A bot that Telegram told to wait (429) rests, in every process. */
export abstract class BotRest {
  /** How long the bot still rests; 0 where it doesn't. By the database's clock. */
  abstract remainingMs(botNo: BotNumber): Promise<number>;

  /** The bot rests from now on; a longer rest that it already has stays. */
  abstract begin(botNo: BotNumber, retryAfterSeconds: number): Promise<void>;
}

/** The rest is written on the bot's lane, where whoever sends looks as well. */
@Injectable()
export class LaneRest extends BotRest {
  constructor(private readonly database: DispatcherDatabase) {
    super();
  }

  override async remainingMs(botNo: BotNumber): Promise<number> {
    const rows = await this.database.query<{ remaining_ms: number }>(
      `SELECT extract(epoch FROM rest_until - clock_timestamp())::float8 * 1000 AS remaining_ms
         FROM lanes WHERE bot_no = $1 AND rest_until > clock_timestamp()`,
      [botNo],
    );
    return Math.ceil(rows[0]?.remaining_ms ?? 0);
  }

  override async begin(botNo: BotNumber, retryAfterSeconds: number): Promise<void> {
    await this.database.query(
      `WITH resting AS (
         UPDATE lanes SET rest_until = greatest(rest_until, clock_timestamp() + $2 * interval '1 second')
          WHERE bot_no = $1 RETURNING bot_no)
       SELECT pg_notify($3, concat_ws(' ', bot_no, $2::int * 1000)) FROM resting`,
      [botNo, retryAfterSeconds, RESTS_CHANNEL],
    );
  }
}
