import { Injectable } from '@nestjs/common';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { asBotNumber, type BotNumber } from '../../platform/identity/index.js';
import { registrationSql, type WebhookTerms } from './webhook.rules.js';

/** A bot whose webhook this process now asks about. */
export interface WebhookCheck {
  readonly botNo: BotNumber;
  readonly webhookPath: string;
}

/** Which webhooks are to be looked at, and what was found. Crosses tenants. */
@Injectable()
export class WebhookWatchRepository {
  constructor(private readonly database: DispatcherDatabase) {}

  /**
   * Takes those that were longest not looked at: each at most every ten minutes, and every minute while somebody else
   * takes it. What is taken counts as looked at, so that no two processes ask about the same bot.
   */
  async claim(terms: WebhookTerms, limit: number): Promise<WebhookCheck[]> {
    const rows = await this.database.query<{ no: string; path: string }>(
      `WITH due AS (
         SELECT p.bot_no, b.webhook_path FROM polling p JOIN bots b ON b.no = p.bot_no
          WHERE b.state IN ('running', 'conflict')
            AND b.webhook_url = ${registrationSql('$1', '$2', 'b.webhook_path')}
            AND p.checked_at < clock_timestamp()
              - CASE b.state WHEN 'conflict' THEN interval '1 minute' ELSE interval '10 minutes' END
          ORDER BY p.checked_at LIMIT $3 FOR UPDATE OF p SKIP LOCKED)
       UPDATE polling p SET checked_at = clock_timestamp() FROM due WHERE p.bot_no = due.bot_no
       RETURNING p.bot_no AS no, due.webhook_path AS path`,
      [terms.publicUrl, terms.fingerprint, limit],
    );
    return rows.map(({ no, path }) => ({ botNo: asBotNumber(no), webhookPath: path }));
  }

  /** Telegram is to be told anew, unless that is known already. */
  async forgetRegistration(botNo: BotNumber, registration: string): Promise<void> {
    await this.database.query('UPDATE bots SET webhook_url = NULL WHERE no = $1 AND webhook_url = $2', [
      botNo,
      registration,
    ]);
  }
}
