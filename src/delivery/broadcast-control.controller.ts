import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiConflictResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AllowRole, CurrentCaller } from '../platform/access/index.js';
import { Idempotency, type IdempotentRequest, TakesIdempotencyKey } from '../platform/http/index.js';
import { type Caller, idSchema } from '../platform/identity/index.js';
import { broadcastReportSchema, type Resend, resendSchema, resentSchema } from './broadcast.dto.js';
import { BroadcastControl } from './broadcast-control.service.js';

@ApiTags('Broadcasts')
@ApiBearerAuth('session')
@Controller('broadcasts/:id')
export class BroadcastControlController {
  constructor(private readonly control: BroadcastControl) {}

  @Post('pause')
  @HttpCode(200)
  @AllowRole('editor', 'broadcasts:write')
  @ApiOperation({ summary: 'Pause a broadcast: nothing more of it leaves, and nothing is lost' })
  @ApiOkResponse({ standardSchema: broadcastReportSchema })
  @ApiConflictResponse()
  pause(@CurrentCaller() caller: Caller, @Param('id', { schema: idSchema }) id: string) {
    return this.control.pause(caller, id);
  }

  @Post('resume')
  @HttpCode(200)
  @AllowRole('editor', 'broadcasts:write')
  @ApiOperation({ summary: 'Resume a paused broadcast where it stopped' })
  @ApiOkResponse({ standardSchema: broadcastReportSchema })
  @ApiConflictResponse()
  resume(@CurrentCaller() caller: Caller, @Param('id', { schema: idSchema }) id: string) {
    return this.control.resume(caller, id);
  }

  @Post('cancel')
  @HttpCode(200)
  @AllowRole('editor', 'broadcasts:write')
  @ApiOperation({ summary: 'Cancel what has not left yet' })
  @ApiOkResponse({ standardSchema: broadcastReportSchema })
  cancel(@CurrentCaller() caller: Caller, @Param('id', { schema: idSchema }) id: string) {
    return this.control.cancel(caller, id);
  }

  @Post('resend')
  @HttpCode(200)
  @TakesIdempotencyKey()
  @AllowRole('editor', 'broadcasts:write')
  @ApiOperation({
    summary: 'Send once more what failed, or what nobody knows about, of a finished broadcast',
  })
  @ApiOkResponse({ standardSchema: resentSchema })
  @ApiConflictResponse()
  resend(
    @CurrentCaller() caller: Caller,
    @Idempotency() request: IdempotentRequest,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: resendSchema }) input: Resend,
  ) {
    return this.control.resend(caller, request, id, input);
  }
}
