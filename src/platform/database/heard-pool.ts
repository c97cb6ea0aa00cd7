import pg from 'pg';

/**
 * A pool no connection of which can end the process. An error of a connection that nobody hears does, and the pool hears
 * idle ones only: of one that was just lent out, and whose end came with the same packet as its last answer, nobody would.
 * Whoever borrowed it learns of it by the next statement.
 */
export class HeardPool extends pg.Pool {
  constructor(config?: pg.PoolConfig) {
    super(config);
    this.on('connect', (client) => client.on('error', () => undefined));
  }
}
