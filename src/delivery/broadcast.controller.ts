import { Body, Controller, Get, HttpCode, type MessageEvent, Param, Post, Query, Sse } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiPaymentRequiredResponse,
  ApiTags,
} from '@nestjs/swagger';
import {
  catchError,
  concatMap,
  distinctUntilChanged,
  map,
  type Observable,
  of,
  takeWhile,
  timer,
} from 'rxjs';
import { AllowRole, CurrentAccess, CurrentCaller, type StandingAccess } from '../platform/access/index.js';
import { ProblemError } from '../platform/errors/index.js';
import { Idempotency, type IdempotentRequest, TakesIdempotencyKey } from '../platform/http/index.js';
import { type Caller, idSchema } from '../platform/identity/index.js';
import {
  type BroadcastQuery,
  broadcastPageSchema,
  broadcastQuerySchema,
  type BroadcastReport,
  broadcastReportSchema,
  type CreateBroadcast,
  createBroadcastSchema,
  deliveryPageSchema,
  type DeliveryQuery,
  deliveryQuerySchema,
} from './broadcast.dto.js';
import { BroadcastService } from './broadcast.service.js';

const PROGRESS_EVERY_MS = 500;

@ApiTags('Broadcasts')
@ApiBearerAuth('session')
@Controller('broadcasts')
export class BroadcastController {
  constructor(private readonly broadcasts: BroadcastService) {}

  @Post()
  @TakesIdempotencyKey()
  @AllowRole('editor', 'broadcasts:write')
  @ApiOperation({ summary: 'Send a message now, to chats, tags or everybody' })
  @ApiCreatedResponse({ standardSchema: broadcastReportSchema })
  @ApiPaymentRequiredResponse()
  create(
    @CurrentCaller() caller: Caller,
    @Idempotency() request: IdempotentRequest,
    @Body({ schema: createBroadcastSchema }) input: CreateBroadcast,
  ) {
    return this.broadcasts.create(caller, request, input);
  }

  @Get()
  @AllowRole('viewer', 'broadcasts:read')
  @ApiOperation({ summary: 'List broadcasts, newest first' })
  @ApiOkResponse({ standardSchema: broadcastPageSchema })
  findPage(@CurrentCaller() caller: Caller, @Query({ schema: broadcastQuerySchema }) query: BroadcastQuery) {
    return this.broadcasts.findPage(caller, query);
  }

  @Get(':id')
  @AllowRole('viewer', 'broadcasts:read')
  @ApiOperation({ summary: 'Read a broadcast with its live counts' })
  @ApiOkResponse({ standardSchema: broadcastReportSchema })
  findById(@CurrentCaller() caller: Caller, @Param('id', { schema: idSchema }) id: string) {
    return this.broadcasts.findById(caller, id);
  }

  @Get(':id/deliveries')
  @AllowRole('viewer', 'broadcasts:read')
  @ApiOperation({ summary: 'List the deliveries of a broadcast, by state' })
  @ApiOkResponse({ standardSchema: deliveryPageSchema })
  findDeliveries(
    @CurrentCaller() caller: Caller,
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: deliveryQuerySchema }) query: DeliveryQuery,
  ) {
    return this.broadcasts.findDeliveries(caller, id, query);
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @AllowRole('editor', 'broadcasts:write')
  @ApiOperation({ summary: 'Cancel what has not left yet' })
  @ApiOkResponse({ standardSchema: broadcastReportSchema })
  cancel(@CurrentCaller() caller: Caller, @Param('id', { schema: idSchema }) id: string) {
    return this.broadcasts.cancel(caller, id);
  }

  /** Ends by itself with the broadcast; each event is one whole report, so that a client may miss any. */
  @Sse(':id/events')
  @AllowRole('viewer', 'broadcasts:read')
  @ApiOperation({ summary: 'Watch the progress as server-sent events, each a whole report' })
  @ApiOkResponse({
    description:
      'An event `progress` whenever something has changed; its data is a whole BroadcastReport as JSON. An event `error` with `code` and `detail` where it can’t go on: the session ended, say, or the tenant is suspended.',
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
    await this.broadcasts.findById(caller, id);
    return timer(0, PROGRESS_EVERY_MS).pipe(
      concatMap(async () => {
        await access.refuseIfOver();
        return this.broadcasts.findById(caller, id);
      }),
      distinctUntilChanged((before, after) => JSON.stringify(before) === JSON.stringify(after)),
      takeWhile((report) => isGoingOn(report), true),
      map((report) => ({ type: 'progress', data: report })),
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

function isGoingOn({ state, counts }: BroadcastReport): boolean {
  return state === 'planning' || state === 'sending' || counts.queued + counts.sending > 0;
}
