/** What the system says of a connection that can't be made or broke off. */
const SYSTEM_CODES = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'];

/**
 * What PostgreSQL says when the statement was fine and the moment was not: connections that break (class 08), too few of
 * anything (53), a server that stops or ends us (57, a statement's time is up among them), a lock that didn't come
 * (55P03), a transaction that idled (25P03, 25P04), or waited in a circle (40001, 40P01).
 */
const SQL_STATES = /^(?:08|53|57)[0-9A-Z]{3}$|^(?:55P03|25P0[34]|40001|40P01)$/;

/** The pool's words: its errors have no code (pg-pool 3, pg 8). */
const POOL_MESSAGES = [
  'timeout exceeded when trying to connect',
  'Connection terminated due to connection timeout',
  'Connection terminated unexpectedly',
];

/** Claims that the same request may well succeed in a moment. */
export function isPassingFailure(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && (SYSTEM_CODES.includes(code) || SQL_STATES.test(code))) return true;
  return typeof message === 'string' && POOL_MESSAGES.includes(message);
}
