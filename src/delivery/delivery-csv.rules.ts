import { writeCsvLine } from '../platform/http/index.js';

/** A delivery as a line of the report's file shows it. */
export interface CsvDelivery {
  readonly chatId: string | null;
  readonly botId: string | null;
  readonly telegramChatId: string | null;
  readonly state: string;
  readonly reason: string | null;
  readonly attempts: number;
  readonly telegramMessageId: string | null;
  readonly sendingAt: string | null;
  readonly settledAt: string | null;
}

const COLUMNS = [
  ...(['chatId', 'botId', 'telegramChatId', 'state', 'reason', 'attempts'] as const),
  ...(['telegramMessageId', 'sendingAt', 'settledAt'] as const),
];

export const DELIVERIES_CSV_HEAD = writeCsvLine(COLUMNS);

/**
 * A line of the file. All cells are numbers, instants, ids and our own words: none can begin with what a spreadsheet takes
 * for a formula but the minus of a group's number, which is a number there too.
 */
export function writeDeliveryLine(delivery: CsvDelivery): string {
  return writeCsvLine(COLUMNS.map((column) => delivery[column]));
}
