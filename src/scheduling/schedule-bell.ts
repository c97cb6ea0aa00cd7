import { type EntityManager } from 'typeorm';

/** PostgreSQL's channel on which tickers hear of due times that are near. */
export const SCHEDULE_BELL = 'arauto_schedules';

/** The longest a ticker rests, so what is due later than two rests from now is found without a bell. */
export const LONGEST_REST_MS = 5_000;

/** Wakes every ticker once the transaction is committed, when the due time is near. */
export async function announceDueSoon(
  manager: EntityManager,
  nextRunAt: Date | null,
  now: Date,
): Promise<void> {
  // PostgreSQL lets commits that notify pass one by one: not worth it for what is due tomorrow.
  if (nextRunAt && nextRunAt.getTime() - now.getTime() <= 2 * LONGEST_REST_MS)
    await ringForSchedules(manager);
}

/** Wakes every ticker once the transaction is committed. */
export async function ringForSchedules(manager: EntityManager): Promise<void> {
  await manager.query(`NOTIFY ${SCHEDULE_BELL}`);
}
