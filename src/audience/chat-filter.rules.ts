import { type ChatFilter } from './chats.dto.js';

/** A WHERE clause over the alias `c` of `chats`, and its parameters. */
export function chatFilterCondition(
  filter: ChatFilter,
  firstParameter: number,
): { sql: string; parameters: unknown[] } {
  const parameters: unknown[] = [];
  const place = (value: unknown): string => `$${firstParameter + parameters.push(value) - 1}`;
  const clauses = ['true'];
  if (filter.botId !== undefined) clauses.push(`c.bot_id = ${place(filter.botId)}`);
  if (filter.type !== undefined) clauses.push(`c.type = ${place(filter.type)}`);
  if (filter.state !== undefined) clauses.push(`c.state = ${place(filter.state)}`);
  if (filter.tag !== undefined) {
    clauses.push(
      `EXISTS (SELECT FROM chat_tags ct JOIN tags t ON t.id = ct.tag_id
         WHERE ct.chat_id = c.id AND t.name = ${place(filter.tag)})`,
    );
  }
  if (filter.search !== undefined) {
    const prefix = place(prefixPattern(filter.search));
    clauses.push(`(c.title ILIKE ${prefix} OR c.username ILIKE ${prefix})`);
  }
  return { sql: clauses.join(' AND '), parameters };
}

/** A pattern for (I)LIKE that takes the text literally; people write usernames with an @ that isn't stored. */
export function prefixPattern(search: string): string {
  return `${search.replace(/^@/, '').replace(/[\\%_]/g, '\\$&')}%`;
}
