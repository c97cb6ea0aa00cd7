import { type FastifyInstance, type FastifyRequest } from 'fastify';

import { faultKinds } from '../faults/fault.rules.js';
import { type LedgerRow } from '../ledger/ledger.js';
import { type Ledgers } from '../ledger/ledgers.js';
import { summarizeLedger } from '../ledger/ledger-summary.rules.js';
import { botMethods, findBotMethod } from '../wire/bot-method.rules.js';
import { type ControlDesk, readAs } from './control-server.js';
import { type LedgerFilter, ledgerQuerySchema, summaryQuerySchema } from './control.dto.js';
import { operatorWorkspace } from './settings-routes.js';

const nameOf = (method: number): string => botMethods[method]?.name ?? 'unknown';

function describeRow(row: LedgerRow): Record<string, unknown> {
  const { ordinal: _place, method, fault, content, ...rest } = row;
  return { ...rest, method: nameOf(method), fault: faultKinds[fault] ?? null, text: content };
}

function* filterRows(
  rows: Iterable<LedgerRow>,
  filter: Omit<LedgerFilter, 'sinceSequence'>,
): Generator<LedgerRow> {
  const { botId, textPrefix } = filter;
  const method = filter.method === undefined ? undefined : (findBotMethod(filter.method)?.number ?? -2);
  for (const row of rows) {
    if (botId !== undefined && row.botId !== botId) continue;
    if (method !== undefined && row.method !== method) continue;
    if (textPrefix !== undefined && !row.content.startsWith(textPrefix)) continue;
    yield row;
  }
}

interface Bounds {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly rowsFallenOff: number;
}

export function addLedgerRoutes(server: FastifyInstance, desk: ControlDesk, ledgers: Ledgers): void {
  /** The caller's own rows; the operator's are all of them. */
  function select(request: FastifyRequest, filter: LedgerFilter): Generator<LedgerRow> {
    const { id, ledgerFloor } = desk.workspaceOf(request);
    const since = Math.max(filter.sinceSequence, ledgerFloor);
    const rows = id === operatorWorkspace ? ledgers.readAll(since) : ledgers.of(id).read(since);
    return filterRows(rows, filter);
  }

  function boundsFor(request: FastifyRequest): Bounds {
    const { id } = desk.workspaceOf(request);
    // What fell off is counted where it was; over all of them it would be a different number for each.
    if (id === operatorWorkspace)
      return { firstSequence: 1, lastSequence: ledgers.recorded, rowsFallenOff: 0 };
    const { firstSequence, lastSequence } = ledgers.of(id);
    return { firstSequence, lastSequence, rowsFallenOff: firstSequence - 1 };
  }

  server.get('/ledger', (request) => {
    const query = readAs(ledgerQuerySchema, request.query);
    const bounds = boundsFor(request);
    const page: LedgerRow[] = [];
    let hasMore = false;
    for (const row of select(request, query)) {
      hasMore = page.length === query.limit;
      if (hasMore) break;
      page.push(row);
    }
    const nextSinceSequence = hasMore ? (page.at(-1)?.sequence ?? 0) : bounds.lastSequence;
    return { rows: page.map(describeRow), hasMore, nextSinceSequence, ...bounds };
  });

  server.get('/ledger/summary', (request) => {
    const { textPrefixCharacters, ...filter } = readAs(summaryQuerySchema, request.query);
    const summary = summarizeLedger(select(request, filter), { methodName: nameOf, textPrefixCharacters });
    return { ...summary, ...boundsFor(request) };
  });

  server.delete('/ledger', (request, reply) => {
    desk.workspaceOf(request).ledgerFloor = boundsFor(request).lastSequence;
    return reply.code(204).send();
  });
}
