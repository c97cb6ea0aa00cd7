import { type FastifyInstance, type FastifyRequest } from 'fastify';

import { faultKinds } from '../faults/fault.rules.js';
import { type Ledger, type LedgerRow } from '../ledger/ledger.js';
import { summarizeLedger } from '../ledger/ledger-summary.rules.js';
import { botMethods, findBotMethod } from '../wire/bot-method.rules.js';
import { type ControlDesk, readAs } from './control-server.js';
import { type LedgerFilter, ledgerQuerySchema, summaryQuerySchema } from './control.dto.js';
import { operatorWorkspace } from './settings-routes.js';

const nameOf = (method: number): string => botMethods[method]?.name ?? 'unknown';

function describeRow(row: LedgerRow): Record<string, unknown> {
  const { workspace: _number, method, fault, content, ...rest } = row;
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

export function addLedgerRoutes(server: FastifyInstance, desk: ControlDesk, ledger: Ledger): void {
  /** The caller's own rows; the operator's are all of them, also those of unknown tokens. */
  function select(request: FastifyRequest, filter: LedgerFilter): Generator<LedgerRow> {
    const workspace = desk.workspaceOf(request);
    const since = Math.max(filter.sinceSequence, workspace.ledgerFloor);
    const rows = ledger.read(since, workspace.id === operatorWorkspace ? undefined : workspace.number);
    return filterRows(rows, filter);
  }

  const bounds = (): Record<string, number> => ({
    firstSequence: ledger.firstSequence,
    lastSequence: ledger.lastSequence,
    rowsFallenOff: ledger.firstSequence - 1,
  });

  server.get('/ledger', (request) => {
    const query = readAs(ledgerQuerySchema, request.query);
    const page: LedgerRow[] = [];
    let hasMore = false;
    for (const row of select(request, query)) {
      hasMore = page.length === query.limit;
      if (hasMore) break;
      page.push(row);
    }
    const nextSinceSequence = hasMore ? (page.at(-1)?.sequence ?? 0) : ledger.lastSequence;
    return { rows: page.map(describeRow), hasMore, nextSinceSequence, ...bounds() };
  });

  server.get('/ledger/summary', (request) => {
    const { textPrefixCharacters, ...filter } = readAs(summaryQuerySchema, request.query);
    const summary = summarizeLedger(select(request, filter), { methodName: nameOf, textPrefixCharacters });
    return { ...summary, ...bounds() };
  });

  server.delete('/ledger', (request, reply) => {
    desk.workspaceOf(request).ledgerFloor = ledger.lastSequence;
    return reply.code(204).send();
  });
}
