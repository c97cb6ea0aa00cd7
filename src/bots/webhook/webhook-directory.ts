import { Injectable } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { Clock } from '../../platform/clock/index.js';
import { isSameSecret } from '../../platform/crypto/index.js';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { asBotNumber, asTenantId, type BotNumber, type TenantId } from '../../platform/identity/index.js';
import { LoadingCache } from '../../platform/cache/index.js';
import { BotChanged } from '../registration/bots.events.js';
import { WebhookSecret } from './webhook-secret.js';
import { isWebhookPath } from './webhook.rules.js';

export interface WebhookOwner {
  readonly botNo: BotNumber;
  readonly tenantId: TenantId;
}

/** Long enough for a busy bot to cost no queries, short enough for one disconnected elsewhere. Absence lasts as long. */
const CACHE_BOUNDS = { maxAgeMs: 10_000, capacity: 50_000 };

/** Whose webhook a path is. */
@Injectable()
export class WebhookDirectory {
  private readonly owners: LoadingCache<string, WebhookOwner | undefined>;

  constructor(
    private readonly database: DispatcherDatabase,
    private readonly secret: WebhookSecret,
    clock: Clock,
  ) {
    this.owners = new LoadingCache(clock, CACHE_BOUNDS, (path) => this.load(path));
  }

  /**
   * The owner where both path and secret are right; nobody learns which of them was wrong. The secret follows from the
   * path, so it is judged first: a stranger costs no query and pushes nobody out of the memory.
   */
  async findOwner(path: string, givenSecret: string): Promise<WebhookOwner | undefined> {
    if (!isWebhookPath(path) || !isSameSecret(givenSecret, this.secret.of(path))) return undefined;
    return this.owners.get(path);
  }

  @OnEvent(BotChanged.topic)
  handleBotChanged(event: BotChanged): void {
    // Rare, and the paths of a bot are not in the event: the next updates ask the database.
    if (event.state === 'disconnected') this.owners.clear();
  }

  private async load(path: string): Promise<WebhookOwner | undefined> {
    const rows = await this.database.query<{ no: string; tenant_id: string }>(
      // A suspended tenant's updates are refused, so that Telegram keeps them: it tries again for a day.
      `SELECT b.no, b.tenant_id FROM bots b JOIN tenants t ON t.id = b.tenant_id
        WHERE b.webhook_path = $1 AND b.state <> 'disconnected' AND t.state = 'active'`,
      [path],
    );
    const row = rows[0];
    return row && { botNo: asBotNumber(row.no), tenantId: asTenantId(row.tenant_id) };
  }
}
