import { type OldRows } from '../platform/cleaning/index.js';
import { IS_LEFT, UNENDED } from './broadcast.rules.js';
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

/** Reports stay as totals when their deliveries are gone: two years, so that a year can be held against the one before. */
const DAYS_REPORTED = 730;

export const OLD_BROADCASTS: OldRows = {
  table: 'broadcasts',
  where: `planned_on < current_date - ${DAYS_REPORTED} AND state NOT IN ${UNENDED}
    AND NOT EXISTS (SELECT FROM deliveries d WHERE d.source_no = broadcasts.no AND ${IS_LEFT})`,
};
