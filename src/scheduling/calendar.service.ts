import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { randomSecret, sha256 } from '../platform/crypto/index.js';
import { TenantDatabase } from '../platform/database/index.js';
import { invalidField, notFound } from '../platform/errors/index.js';
import { type Caller, type TenantId } from '../platform/identity/index.js';
import { AuditLog } from '../tenants/index.js';
import { CalendarFeedsRepository } from './calendar-feeds.repository.js';
import {
  LONGEST_CALENDAR_DAYS,
  USUAL_CALENDAR_DAYS,
  type CalendarFeedView,
  type CalendarQuery,
  type CalendarView,
  type NewCalendarFeed,
} from './calendar.dto.js';
import { DAY_MS } from './rules/calendar-day.rules.js';
import { type CalendarRuns, type CalendarSource, mergeRuns } from './rules/calendar.rules.js';
import { writeCalendar } from './rules/icalendar.rules.js';
import { describeTiming } from './rules/rule-sentence.rules.js';
import { timingOf } from './rules/schedule-choice.rules.js';
import { previewRun } from './rules/schedule.rules.js';
import { viewZones } from './rules/zone-runs.rules.js';
import { type ScheduleRow, SchedulesRepository } from './schedules.repository.js';

/** Of a tenant with more, the calendar shows those that are due soonest. */
const MOST_SCHEDULES = 2_000;
const FEED_DAYS = 60;
const FEED_EVENTS = 1_000;

/** The due times of all schedules of a tenant: for programs, and as a feed for people's calendars. */
@Injectable()
export class CalendarService {
  constructor(
    private readonly database: TenantDatabase,
    private readonly schedules: SchedulesRepository,
    private readonly feeds: CalendarFeedsRepository,
    private readonly audit: AuditLog,
  ) {}

  async read(caller: Caller, query: CalendarQuery): Promise<CalendarView> {
    const { runs, completeUntil } = await this.database.run(caller.tenantId, async (manager) => {
      const { now } = await this.schedules.readClock(manager, caller.tenantId);
      const [from, to] = stretchOf(query, now);
      return this.merge(manager, from, to, query.limit);
    });
    return {
      runs: runs.map(({ label, timing, dueAt }) => ({
        scheduleId: label.id,
        name: label.name,
        timeZone: timing.timeZone,
        ...previewRun(timing, dueAt),
      })),
      completeUntil: completeUntil.toISOString(),
    };
  }

  readFeed(caller: Caller): Promise<CalendarFeedView> {
    return this.database.run(caller.tenantId, async (manager) => ({
      createdAt: (await this.feeds.findCreatedAt(manager))?.toISOString() ?? null,
    }));
  }

  createFeed(caller: Caller): Promise<NewCalendarFeed> {
    const secret = randomSecret();
    return this.database.run(caller.tenantId, async (manager) => {
      const createdAt = await this.feeds.replace(manager, caller.tenantId, sha256(secret));
      await this.audit.record(manager, { actor: caller.actor, action: 'calendar_feed.created' });
      return { path: `/api/v1/calendar/${secret}.ics`, createdAt: createdAt.toISOString() };
    });
  }

  async deleteFeed(caller: Caller): Promise<void> {
    await this.database.run(caller.tenantId, async (manager) => {
      await this.feeds.delete(manager);
      await this.audit.record(manager, { actor: caller.actor, action: 'calendar_feed.revoked' });
    });
  }

  /** @param file the secret and `.ics` */
  async writeFeed(file: string): Promise<string> {
    const tenantId: TenantId | undefined = await this.feeds.findTenant(sha256(file.slice(0, -'.ics'.length)));
    if (!tenantId) throw notFound('calendar');
    return this.database.run(tenantId, async (manager) => {
      const { now, language } = await this.schedules.readClock(manager, tenantId);
      const { runs } = await this.merge(
        manager,
        now,
        new Date(now.getTime() + FEED_DAYS * DAY_MS),
        FEED_EVENTS,
      );
      const events = runs.map(({ label, timing, dueAt }) => ({
        // Of one schedule, several zones may be due at the same instant.
        id: label.zone_runs ? `${label.id}-${timing.timeZone}` : label.id,
        name: label.name,
        dueAt,
        sentence: describeTiming(timing, { maxRuns: label.max_runs }, language),
      }));
      return writeCalendar('Arauto', events, now);
    });
  }

  private async merge(
    manager: EntityManager,
    from: Date,
    to: Date,
    limit: number,
  ): Promise<CalendarRuns<ScheduleRow>> {
    const rows = await this.schedules.findUpcoming(manager, to, MOST_SCHEDULES + 1);
    const sources = rows.slice(0, MOST_SCHEDULES).flatMap(sourcesOf);
    const { runs, completeUntil } = mergeRuns(sources, from, to, limit);
    const firstLeftOut = rows[MOST_SCHEDULES]?.next_run_at;
    if (!firstLeftOut || firstLeftOut > completeUntil) return { runs, completeUntil };
    return {
      runs: runs.filter(({ dueAt }) => dueAt < firstLeftOut),
      completeUntil: new Date(firstLeftOut.getTime() - 1),
    };
  }
}

/** A schedule in many zones has due times in each. */
function sourcesOf(row: ScheduleRow): CalendarSource<ScheduleRow>[] {
  const timing = timingOf(row);
  const source = (timeZone: string, nextRunAt: Date | null, runs: number): CalendarSource<ScheduleRow>[] =>
    nextRunAt
      ? [
          {
            label: row,
            timing: { ...timing, timeZone },
            nextRunAt,
            runsLeft: row.max_runs === null ? Infinity : row.max_runs - runs,
          },
        ]
      : [];
  if (!row.zone_runs) return source(row.time_zone, row.next_run_at, row.runs ?? 0);
  return viewZones(row.zone_runs).flatMap((zone) =>
    source(zone.timeZone, zone.nextRunAt === null ? null : new Date(zone.nextRunAt), zone.runs),
  );
}

/** @throws ProblemError 400 for a stretch that ends before it begins, or is too long */
function stretchOf({ from, to }: CalendarQuery, now: Date): readonly [Date, Date] {
  const first = from === undefined ? now : new Date(from);
  const last = to === undefined ? new Date(first.getTime() + USUAL_CALENDAR_DAYS * DAY_MS) : new Date(to);
  const days = (last.getTime() - first.getTime()) / DAY_MS;
  if (days < 0 || days > LONGEST_CALENDAR_DAYS)
    throw invalidField(
      'to',
      'out_of_range',
      `Choose an end that is 0 to ${LONGEST_CALENDAR_DAYS} days after the beginning.`,
    );
  return [first, last];
}
