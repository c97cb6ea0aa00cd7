import { type OldRows } from '../platform/cleaning/index.js';
import { DELIVERY_CLASS } from './delivery.rules.js';

/** How long the API can tell what became of a message; the database's function refuses to drop what is younger. */
export const DAYS_KEPT = 90;

/**
 * As long as Telegram may bring an update again. Not longer: its update numbers begin anew after a quiet week, and an
 * old reply would be taken for the answer to a new update.
 */
export const OLD_REPLIES: OldRows = {
  table: 'replies',
  where: `created_at < now() - interval '48 hours'
    AND NOT EXISTS (SELECT FROM deliveries d WHERE d.bot_no = replies.bot_no AND d.class = ${DELIVERY_CLASS.reply}
                    AND d.source_no = replies.no AND d.is_open)`,
};

/** A broadcast leaves with its deliveries: a report counted from rows that are gone would not be true. */
export const OLD_BROADCASTS: OldRows = {
  table: 'broadcasts',
  where: `planned_on < current_date - ${DAYS_KEPT} AND state NOT IN ('planning', 'sending')
    AND NOT EXISTS (SELECT FROM deliveries d WHERE d.class = ${DELIVERY_CLASS.broadcast}
                    AND d.source_no = broadcasts.no AND d.is_open)`,
};
