import { Body, Controller, Param, Post } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { AllowRole, CurrentCaller } from '../platform/access/index.js';
import { Idempotency, type IdempotentRequest, TakesIdempotencyKey } from '../platform/http/index.js';
import { type Caller, idSchema } from '../platform/identity/index.js';
import { broadcastReportSchema, type EditBroadcast, editBroadcastSchema } from './broadcast.dto.js';
import { BroadcastChanges } from './broadcast-changes.service.js';

@ApiTags('Broadcasts')
@ApiBearerAuth('session')
@Controller('broadcasts/:id')
export class BroadcastChangesController {
  constructor(private readonly changes: BroadcastChanges) {}

  @Post('edit')
  @TakesIdempotencyKey()
  @AllowRole('editor', 'broadcasts:write')
  @ApiOperation({ summary: 'Give the messages that a broadcast has sent another text, caption or buttons' })
  @ApiCreatedResponse({ standardSchema: broadcastReportSchema })
  @ApiConflictResponse()
  edit(
    @CurrentCaller() caller: Caller,
    @Idempotency() request: IdempotentRequest,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: editBroadcastSchema }) input: EditBroadcast,
  ) {
    return this.changes.edit(caller, request, id, input);
  }

  @Post('recall')
  @TakesIdempotencyKey()
  @AllowRole('editor', 'broadcasts:write')
  @ApiOperation({ summary: 'Delete the messages that a broadcast has sent within the last 48 hours' })
  @ApiCreatedResponse({ standardSchema: broadcastReportSchema })
  @ApiConflictResponse()
  recall(
    @CurrentCaller() caller: Caller,
    @Idempotency() request: IdempotentRequest,
    @Param('id', { schema: idSchema }) id: string,
  ) {
    return this.changes.recall(caller, request, id);
  }
}
