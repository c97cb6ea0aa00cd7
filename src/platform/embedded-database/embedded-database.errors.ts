/** The embedded PostgreSQL can't do what was asked; the message says why and what to do next. */
export class EmbeddedDatabaseError extends Error {
  override readonly name = 'EmbeddedDatabaseError';
}
