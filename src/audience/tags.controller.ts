import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { AllowRole, CurrentCaller } from '../platform/access/index.js';
import {
  Idempotency,
  type IdempotentRequest,
  type PageQuery,
  pageQuerySchema,
  TakesIdempotencyKey,
} from '../platform/http/index.js';
import { type Caller } from '../platform/identity/index.js';
import {
  type CreateTag,
  createTagSchema,
  tagPageSchema,
  type TagParameter,
  tagParameterSchema,
  tagSchema,
} from './chats.dto.js';
import { ChatsService } from './chats.service.js';

@ApiTags('Audience')
@ApiBearerAuth('session')
@Controller('tags')
export class TagsController {
  constructor(private readonly chats: ChatsService) {}

  @Get()
  @AllowRole('viewer', 'audience:read')
  @ApiOperation({ summary: 'List the tags with how many chats have them' })
  @ApiOkResponse({ standardSchema: tagPageSchema })
  list(@CurrentCaller() caller: Caller, @Query({ schema: pageQuerySchema }) query: PageQuery) {
    return this.chats.listTags(caller, query);
  }

  @Post()
  @AllowRole('editor', 'audience:write')
  @TakesIdempotencyKey()
  @ApiOperation({ summary: 'Create a tag' })
  @ApiCreatedResponse({ standardSchema: tagSchema })
  @ApiConflictResponse()
  create(
    @CurrentCaller() caller: Caller,
    @Idempotency() request: IdempotentRequest,
    @Body({ schema: createTagSchema }) { name }: CreateTag,
  ) {
    return this.chats.createTag(caller, request, name);
  }

  @Delete(':name')
  @HttpCode(204)
  @AllowRole('editor', 'audience:write')
  @ApiOperation({ summary: 'Delete a tag, from all chats' })
  @ApiNoContentResponse()
  delete(@CurrentCaller() caller: Caller, @Param({ schema: tagParameterSchema }) { name }: TagParameter) {
    return this.chats.deleteTag(caller, name);
  }
}
