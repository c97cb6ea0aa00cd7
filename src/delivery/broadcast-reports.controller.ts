import { Readable } from 'node:stream';
import { Controller, Get, type MessageEvent, Param, Query, Sse, StreamableFile } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { catchError, concatMap, distinctUntilChanged, map, type Observable, of } from 'rxjs';
import { AllowRole, CurrentAccess, CurrentCaller, type StandingAccess } from '../platform/access/index.js';
import { ProblemError } from '../platform/errors/index.js';
import { type Caller, idSchema } from '../platform/identity/index.js';
import {
  broadcastReportSchema,
  broadcastStatisticsSchema,
  deliveryPageSchema,
  type DeliveryQuery,
  deliveryQuerySchema,
} from './broadcast.dto.js';
import { BroadcastReports, isOver } from './broadcast-reports.service.js';

@ApiTags('Broadcasts')
@ApiBearerAuth('session')
@Controller('broadcasts/:id')
export class BroadcastReportsController {
  constructor(private readonly reports: BroadcastReports) {}

  @Get()
  @AllowRole('viewer', 'broadcasts:read')
  @ApiOperation({ summary: 'Read a broadcast with its live counts' })
  @ApiOkResponse({ standardSchema: broadcastReportSchema })
  findById(@CurrentCaller() caller: Caller, @Param('id', { schema: idSchema }) id: string) {
    return this.reports.findById(caller, id);
  }

  @Get('statistics')
  @AllowRole('viewer', 'broadcasts:read')
  @ApiOperation({
    summary: 'Read how late and how fast a broadcast went out, and what became of it at each bot',
  })
  @ApiOkResponse({ standardSchema: broadcastStatisticsSchema })
  findStatistics(@CurrentCaller() caller: Caller, @Param('id', { schema: idSchema }) id: string) {
    return this.reports.findStatistics(caller, id);
  }

  @Get('deliveries')
  @AllowRole('viewer', 'broadcasts:read')
  @ApiOperation({ summary: 'List the deliveries of a broadcast, by state; they are kept for 90 days' })
  @ApiOkResponse({ standardSchema: deliveryPageSchema })
  findDeliveries(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: deliveryQuerySchema }) query: DeliveryQuery,
  ) {
    return this.reports.findDeliveries(caller, id, query);
  }

  @Get('deliveries.csv')
  @AllowRole('viewer', 'broadcasts:read')
  @ApiOperation({ summary: 'Take all deliveries of a broadcast out as a CSV file' })
  @ApiOkResponse({ content: { 'text/csv': { schema: { type: 'string' } } } })
  async writeCsv(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<StreamableFile> {
    const lines = await this.reports.writeCsv(caller, id);
    return new StreamableFile(Readable.from(lines, { objectMode: false }), {
      type: 'text/csv; charset=utf-8',
      disposition: `attachment; filename="deliveries-${id}.csv"`,
    });
  }

  /** Ends by itself with the broadcast; each event is one whole report, so that a client may miss any. */
  @Sse('events')
  @AllowRole('viewer', 'broadcasts:read')
  @ApiOperation({ summary: 'Watch the progress as server-sent events, each a whole report' })
  @ApiOkResponse({
    description:
      'An event `progress` whenever something has changed, and `ended` for the last one; the data is a whole BroadcastReport as JSON. An event `error` with `code` and `detail` where it can’t go on: the session ended, say, or the tenant is suspended.',
    content: {
      'text/event-stream': {
        schema: { type: 'string' },
        example:
          'event: progress\ndata: {"id":"0199c3f0-5d8a-7c11-8a3e-2f1f6f0b1c22","state":"sending", …}\n\n',
      },
    },
  })
  async watch(
    @CurrentCaller() caller: Caller,
    @CurrentAccess() access: StandingAccess,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<Observable<MessageEvent>> {
    // Once beforehand, so that an absent broadcast is a plain 404 and not a broken stream.
    await this.reports.findById(caller, id);
    return this.reports.watch(caller, id).pipe(
      // One count for all who watch; whether each still may is asked for each.
      concatMap(async (report) => {
        await access.refuseIfOver();
        return report;
      }),
      distinctUntilChanged((before, after) => JSON.stringify(before) === JSON.stringify(after)),
      map((report) => ({ type: isOver(report) ? 'ended' : 'progress', data: report })),
      catchError((error: unknown) => of({ type: 'error', data: describeEnd(error) })),
    );
  }
}

/** What the last event of a stream says that could not go on. */
function describeEnd(error: unknown): { code: string; detail: string } {
  return error instanceof ProblemError
    ? { code: error.code, detail: error.detail }
    : { code: 'unavailable', detail: 'The progress can not be read; connect again.' };
}
