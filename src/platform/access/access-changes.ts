/** Channel on which processes tell each other that what somebody may do has changed. The payload is an id. */
export const ACCESS_CHANGES = 'access_changes';

/** What a unit of work or a transaction of the dispatcher runs its statements with. */
interface Transaction {
  query(sql: string, parameters: unknown[]): Promise<unknown>;
}

/**
 * Tells every process, once the transaction is committed, to look again at what somebody may do. A hint: whoever misses
 * it looks again within seconds.
 *
 * @param id of a person, a session, an API key, or a whole tenant
 */
export async function announceAccessChange(transaction: Transaction, id: string): Promise<void> {
  await transaction.query('SELECT pg_notify($1, $2)', [ACCESS_CHANGES, id]);
}
