import { type DeliveryRow } from './webhooks.repository.js';

/** What is posted: type, time of the fact, data, as Standard Webhooks has it. */
export function bodyOf({ event, createdAt, data }: Pick<DeliveryRow, 'event' | 'createdAt' | 'data'>) {
  return { type: event, timestamp: createdAt.toISOString(), data };
}
