import { z } from 'zod';
import { invalidField } from '../errors/index.js';

/** Query of every list: at most this many, after this cursor. */
export const pageQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('most items of this page'),
  cursor: z.string().min(1).max(200).optional().describe('`nextCursor` of the page before'),
});
export type PageQuery = z.infer<typeof pageQuerySchema>;

/** Items in order, newest first, and where to go on; null on the last page. */
export interface Page<Item> {
  readonly items: Item[];
  readonly nextCursor: string | null;
}

export function pageSchemaOf<Item extends z.ZodType>(item: Item, id: string) {
  return z
    .object({ items: z.array(item), nextCursor: z.string().nullable().describe('null on the last page') })
    .meta({ id });
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const FIRST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/**
 * The id before which the page begins (ids are UUIDv7: newer is greater), for `WHERE id < $1 ORDER BY id DESC`.
 * @throws ProblemError 400 for a cursor that we never gave
 */
export function idBefore(query: PageQuery): string {
  if (query.cursor === undefined) return FIRST;
  const id = Buffer.from(query.cursor, 'base64url').toString('latin1');
  if (!UUID.test(id))
    throw invalidField('cursor', 'invalid_cursor', 'Take the cursor from nextCursor of the page before.');
  return id;
}

/** @param rows one more than the limit where there are more, as `LIMIT limit + 1` gives them */
export function pageOf<Row extends { id: string }, Item>(
  rows: Row[],
  query: PageQuery,
  toItem: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, query.limit);
  const last = rows.length > query.limit ? shown.at(-1) : undefined;
  return {
    items: shown.map(toItem),
    nextCursor: last ? Buffer.from(last.id, 'latin1').toString('base64url') : null,
  };
}
