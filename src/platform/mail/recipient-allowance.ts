import { Logger } from '@nestjs/common';
import { sha256 } from '../crypto/index.js';
import { type RequestCounts } from '../request-counts/index.js';

/** Enough for somebody who mislays a few; too few to bury anybody, whoever asks and from how many networks. */
const ALLOWANCES = [
  { window: 'hour', windowSeconds: 60 * 60, mails: 5 },
  { window: 'day', windowSeconds: 24 * 60 * 60, mails: 20 },
] as const;

/** How many mails that anybody may ask for go to one address, counted by all processes together. */
export class RecipientAllowance {
  private readonly logger = new Logger('mail');

  constructor(private readonly counts: RequestCounts) {}

  /** Counts one more. @returns false where it is one too many; true also where nobody can count */
  async admit(address: string): Promise<boolean> {
    const recipient = sha256(address.toLowerCase()).toString('base64url');
    try {
      for (const { window, windowSeconds, mails } of ALLOWANCES) {
        const { hits } = await this.counts.count(`mail/${window}/${recipient}`, windowSeconds, 1);
        if (hits > mails) return false;
      }
    } catch (error) {
      this.logger.warn(`mails are not counted: ${error instanceof Error ? error.name : 'unknown'}`);
    }
    return true;
  }
}
