import { Injectable } from '@nestjs/common';
import { finalize, type Observable, ReplaySubject, share, switchMap, takeWhile, timer } from 'rxjs';
import { type EntityManager } from 'typeorm';
import { Configuration } from '../config/index.js';
import { Clock } from '../platform/clock/index.js';
import { TenantDatabase } from '../platform/database/index.js';
import { invalidField, notFound } from '../platform/errors/index.js';
import { type Page } from '../platform/http/index.js';
import { type Caller } from '../platform/identity/index.js';
import { paidPerSecond } from '../telegram/index.js';
import {
  type BroadcastReport,
  type BroadcastView,
  type DeliveryQuery,
  type DeliveryView,
} from './broadcast.dto.js';
import { BroadcastRepository, type BroadcastRow } from './broadcast.repository.js';
import { isEnded } from './broadcast.rules.js';
import { DELIVERIES_CSV_HEAD, writeDeliveryLine } from './delivery-csv.rules.js';
import { DELIVERY_STATES } from './delivery.rules.js';
import { type DeliveryRow, type Read, ReportRepository } from './report.repository.js';
import {
  type BroadcastCounts,
  type BroadcastStatistics,
  forecastFinish,
  type Forecast,
  type RestingBot,
  summarize,
} from './report.rules.js';

/** Watchers of one broadcast share one count of its rows a second. */
const WATCH_EVERY_MS = 1_000;
/** Rows of a file that are in memory at once. */
const CSV_PAGE = 1_000;

/** How broadcasts stand: from their deliveries while these change, from the totals afterwards. */
@Injectable()
export class BroadcastReports {
  private readonly watched = new Map<string, Observable<BroadcastReport>>();

  constructor(
    private readonly tenants: TenantDatabase,
    private readonly broadcasts: BroadcastRepository,
    private readonly reports: ReportRepository,
    private readonly clock: Clock,
    private readonly configuration: Configuration,
  ) {}

  findById({ tenantId }: Pick<Caller, 'tenantId'>, id: string): Promise<BroadcastReport> {
    return this.tenants.run(tenantId, async (manager) =>
      this.report(manager, await this.findOrThrow(manager, id)),
    );
  }

  findStatistics({ tenantId }: Caller, id: string): Promise<BroadcastStatistics> {
    return this.tenants.run(tenantId, async (manager) => {
      const broadcast = await this.findOrThrow(manager, id);
      if (broadcast.totals) return broadcast.totals.statistics;
      const read = readingAs(manager);
      const counted = await this.reports.count(read, broadcast);
      return this.reports.findStatistics(read, broadcast, counted);
    });
  }

  findDeliveries(caller: Caller, id: string, query: DeliveryQuery): Promise<Page<DeliveryView>> {
    return this.tenants.run(caller.tenantId, async (manager) => {
      const broadcast = await this.findOrThrow(manager, id);
      const rows = await this.reports.findDeliveries(readingAs(manager), broadcast, query, {
        afterChatNo: chatNoAfter(query.cursor),
        limit: query.limit + 1,
      });
      const shown = rows.slice(0, query.limit);
      const last = rows.length > query.limit ? shown.at(-1) : undefined;
      return {
        items: shown.map(presentDelivery),
        nextCursor: last ? Buffer.from(last.chat_no).toString('base64url') : null,
      };
    });
  }

  /**
   * The deliveries as the lines of a CSV file, a page at a time: neither all in memory nor in one long transaction.
   * @throws ProblemError 404, before the first line
   */
  async writeCsv({ tenantId }: Caller, id: string): Promise<AsyncIterable<string>> {
    const broadcast = await this.tenants.run(tenantId, (manager) => this.findOrThrow(manager, id));
    const readPage = (afterChatNo: string): Promise<DeliveryRow[]> =>
      this.tenants.run(tenantId, (manager) =>
        this.reports.findDeliveries(readingAs(manager), broadcast, {}, { afterChatNo, limit: CSV_PAGE }),
      );
    return (async function* () {
      yield DELIVERIES_CSV_HEAD;
      let afterChatNo: string | undefined = '0';
      while (afterChatNo !== undefined) {
        const rows: DeliveryRow[] = await readPage(afterChatNo);
        yield rows.map((row) => writeDeliveryLine(presentDelivery(row))).join('');
        afterChatNo = rows.length === CSV_PAGE ? rows.at(-1)?.chat_no : undefined;
      }
    })();
  }

  /** Reports of a broadcast, a second apart, until it is over. Whoever watches has been let in before. */
  watch({ tenantId }: Caller, id: string): Observable<BroadcastReport> {
    const key = `${tenantId}/${id}`;
    const known = this.watched.get(key);
    if (known) return known;
    const reports = timer(0, WATCH_EVERY_MS).pipe(
      switchMap(() => this.findById({ tenantId }, id)),
      takeWhile((report) => !isOver(report), true),
      finalize(() => this.watched.delete(key)),
      share({ connector: () => new ReplaySubject(1), resetOnComplete: false }),
    );
    this.watched.set(key, reports);
    return reports;
  }

  async findOrThrow(manager: EntityManager, id: string): Promise<BroadcastRow> {
    const row = await this.broadcasts.findById(manager, id);
    if (!row) throw notFound('broadcast');
    return row;
  }

  async report(manager: EntityManager, row: BroadcastRow): Promise<BroadcastReport> {
    if (row.totals) return present(row, row.totals.counts, undefined);
    const read = readingAs(manager);
    const counted = await this.reports.count(read, row);
    const counts = summarize(counted);
    if (row.state !== 'sending') return present(row, counts, undefined);
    const usual = this.configuration.settings.PACING_BOT_PER_SECOND;
    const perSecond = row.max_stars === null ? usual : Math.max(usual, paidPerSecond);
    const resting = await this.reports.findResting(read, counted);
    return present(row, counts, forecastFinish(counted, this.clock.now(), perSecond, resting), resting);
  }
}

export const isOver = ({ state, counts }: BroadcastReport): boolean =>
  isEnded(state) && counts.queued + counts.sending === 0;

export function presentBroadcast(row: BroadcastRow): BroadcastView {
  return {
    id: row.id,
    kind: row.kind,
    targetId: row.target_id,
    state: row.state,
    stateReason: row.state_reason,
    messageId: row.message_id,
    audience: row.audience,
    scheduleId: row.schedule_id,
    sequenceId: row.sequence_id,
    dueAt: row.due_at.toISOString(),
    createdAt: row.created_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    ambiguityPolicy: row.ambiguity_policy,
    maxStars: row.max_stars,
  };
}

function present(
  row: BroadcastRow,
  { byState, reasons, firstSendingAt, lastSettledAt }: BroadcastCounts,
  forecast: Forecast | undefined,
  resting: readonly RestingBot[] = [],
): BroadcastReport {
  const firstMs = firstSendingAt === null ? undefined : Date.parse(firstSendingAt);
  const tookMs = firstMs !== undefined && lastSettledAt !== null ? Date.parse(lastSettledAt) - firstMs : 0;
  return {
    ...presentBroadcast(row),
    counts: { accepted: Number(row.planned), ...byState, reasons: [...reasons] },
    firstSendingAt,
    lastSettledAt,
    latenessMs: firstMs === undefined ? null : Math.max(0, firstMs - row.due_at.getTime()),
    restingBots: resting.map(({ botId, until }) => ({ botId, until: until.toISOString() })),
    forecast: forecast ? { ...forecast, finishAt: forecast.finishAt.toISOString() } : null,
    sentPerSecond: tookMs > 0 ? Math.round((byState.sent * 10_000) / tookMs) / 10 : null,
  };
}

function presentDelivery(row: DeliveryRow): DeliveryView {
  return {
    chatId: row.chat_id,
    botId: row.bot_id,
    telegramChatId: row.telegram_chat_id,
    state: DELIVERY_STATES[row.state]!,
    reason: row.reason,
    attempts: row.attempt,
    telegramMessageId: row.message_id,
    sendingAt: row.sending_at?.toISOString() ?? null,
    settledAt: row.settled_at?.toISOString() ?? null,
  };
}

const readingAs =
  (manager: EntityManager): Read =>
  (sql, parameters) =>
    manager.query(sql, parameters);

function chatNoAfter(cursor: string | undefined): string {
  if (cursor === undefined) return '0';
  const chatNo = Buffer.from(cursor, 'base64url').toString('latin1');
  if (!/^\d{1,18}$/.test(chatNo)) {
    throw invalidField('cursor', 'invalid_cursor', 'Take the cursor from nextCursor of the page before.');
  }
  return chatNo;
}
