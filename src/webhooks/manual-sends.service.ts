import { Injectable, Logger } from '@nestjs/common';
import { tooMany } from '../platform/errors/index.js';
import { type TenantId } from '../platform/identity/index.js';
import { type RequestCount, RequestCounts } from '../platform/request-counts/index.js';

/** Enough for whoever tries out a receiver; far too few for a flood of somebody else's. */
const MOST_PER_MINUTE = 10;
const WINDOW_SECONDS = 60;

/** What people send to a webhook by hand, bounded for all processes together: we are nobody's means of flooding others. */
@Injectable()
export class ManualSends {
  private readonly logger = new Logger('webhooks');

  constructor(private readonly counts: RequestCounts) {}

  /** @throws ProblemError 429 with Retry-After */
  async admit(tenantId: TenantId, endpointId: string): Promise<void> {
    const count = await this.count(`tenant/${tenantId}/webhook/${endpointId}/by-hand`);
    if (!count || count.hits <= MOST_PER_MINUTE) return;
    const seconds = Math.max(1, Math.ceil(count.secondsLeft));
    throw tooMany(
      'too_many_sends',
      `Tests and resends to one webhook are at most ${MOST_PER_MINUTE} in a minute; go on in ${seconds} s.`,
      seconds,
    );
  }

  /** @returns undefined where nobody can tell: as everywhere, what can't be counted passes */
  private async count(key: string): Promise<RequestCount | undefined> {
    try {
      return await this.counts.count(key, WINDOW_SECONDS, 1);
    } catch (error) {
      this.logger.warn(`sends by hand are not limited while nobody counts them: ${String(error)}`);
      return undefined;
    }
  }
}
