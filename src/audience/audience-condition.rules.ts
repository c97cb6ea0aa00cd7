import { type Audience } from './audience.dto.js';
import { type LocalTimeOf } from './local-time.rules.js';

export interface AudienceCondition {
  /** Goes behind WHERE, over the alias `c` of the table `chats`. */
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/**
 * The chats that an audience means, as a condition to be run inside the tenant's own transaction. It compares by
 * equality alone: policies keep PostgreSQL from using an index for anything that isn't leakproof.
 *
 * @param firstParameter number of the first placeholder that is free, 1 where there is no other parameter
 */
export function audienceCondition(audience: Audience, firstParameter: number): AudienceCondition {
  const parameters: unknown[] = [];
  const place = (value: unknown): string => `$${firstParameter + parameters.push(value) - 1}`;
  const clauses = [
    `c.state = 'active'`,
    `EXISTS (SELECT FROM bots b WHERE b.id = c.bot_id AND b.state <> 'disconnected')`,
  ];
  switch (audience.to) {
    case 'chats':
      clauses.push(`c.id = ANY (${place(audience.chatIds)}::uuid[])`);
      break;
    case 'tags':
      clauses.push(
        `EXISTS (SELECT FROM chat_tags ct JOIN tags t ON t.id = ct.tag_id
           WHERE ct.chat_id = c.id AND t.name = ANY (${place(audience.tags)}::text[]))`,
      );
      break;
    case 'everybody':
      break;
  }
  if (audience.to !== 'chats') {
    if (audience.botIds) clauses.push(`c.bot_id = ANY (${place(audience.botIds)}::uuid[])`);
    if (audience.chatTypes) clauses.push(`c.type = ANY (${place(audience.chatTypes)}::text[])`);
  }
  if (audience.localTime) clauses.push(isInZone(audience.localTime.of, place(audience.localTime.timeZone)));
  return { sql: clauses.join(' AND '), parameters };
}

/** Where a chat has no zone its bot's counts, and where that has none the tenant's. */
function isInZone(of: LocalTimeOf, zone: string): string {
  const isBotInZone = `EXISTS (SELECT FROM bots b JOIN tenants t ON t.id = b.tenant_id
    WHERE b.id = c.bot_id AND coalesce(b.time_zone, t.time_zone) = ${zone})`;
  return of === 'bot' ? isBotInZone : `(c.time_zone = ${zone} OR c.time_zone IS NULL AND ${isBotInZone})`;
}
