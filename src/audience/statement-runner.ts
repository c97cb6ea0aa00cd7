/** Anything that runs a statement: a tenant's EntityManager or a dispatcher's client. */
export interface StatementRunner {
  query(sql: string, parameters?: unknown[]): Promise<unknown>;
}
