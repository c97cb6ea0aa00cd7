import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AllowRole, CurrentCaller } from '../platform/access/index.js';
import { Idempotency, type IdempotentRequest, TakesIdempotencyKey } from '../platform/http/index.js';
import { type Caller } from '../platform/identity/index.js';
import {
  audienceCountsSchema,
  audienceSizeSchema,
  type PreviewAudience,
  previewAudienceSchema,
} from './audience.dto.js';
import {
  chatPageSchema,
  type ChatQuery,
  chatQuerySchema,
  chatSchema,
  type ChatTagParameter,
  chatTagParameterSchema,
  contactPageSchema,
  type ContactQuery,
  contactQuerySchema,
  contactSchema,
  type IdParameter,
  idParameterSchema,
  importedTimeZonesSchema,
  type ImportTimeZones,
  importTimeZonesSchema,
  type SetTimeZone,
  setTimeZoneSchema,
  type TagChats,
  tagChatsSchema,
  taggedSchema,
} from './chats.dto.js';
import { ErasureService } from './erasure.service.js';
import { ChatsService } from './chats.service.js';

@ApiTags('Audience')
@ApiBearerAuth('session')
@Controller()
export class ChatsController {
  constructor(
    private readonly chats: ChatsService,
    private readonly erasure: ErasureService,
  ) {}

  @Get('chats')
  @AllowRole('viewer', 'audience:read')
  @ApiOperation({ summary: 'List the chats that bots met: people, groups, channels' })
  @ApiOkResponse({ standardSchema: chatPageSchema })
  list(@CurrentCaller() caller: Caller, @Query({ schema: chatQuerySchema }) query: ChatQuery) {
    return this.chats.list(caller, query);
  }

  @Post('chats/tags')
  @HttpCode(200)
  @AllowRole('editor', 'audience:write')
  @TakesIdempotencyKey()
  @ApiOperation({ summary: 'Tag many chats at once, by id or by filter' })
  @ApiOkResponse({ standardSchema: taggedSchema })
  tagMany(
    @CurrentCaller() caller: Caller,
    @Idempotency() request: IdempotentRequest,
    @Body({ schema: tagChatsSchema }) body: TagChats,
  ) {
    return this.chats.tagMany(caller, request, body);
  }

  @Get('chats/:id')
  @AllowRole('viewer', 'audience:read')
  @ApiOperation({ summary: 'Read a chat' })
  @ApiOkResponse({ standardSchema: chatSchema })
  read(@CurrentCaller() caller: Caller, @Param({ schema: idParameterSchema }) { id }: IdParameter) {
    return this.chats.read(caller, id);
  }

  @Put('chats/:id/tags/:name')
  @AllowRole('editor', 'audience:write')
  @ApiOperation({ summary: 'Tag a chat; the tag is created where it does not exist' })
  @ApiOkResponse({ standardSchema: chatSchema })
  tag(
    @CurrentCaller() caller: Caller,
    @Param({ schema: chatTagParameterSchema }) { id, name }: ChatTagParameter,
  ) {
    return this.chats.tag(caller, id, name);
  }

  @Delete('chats/:id/tags/:name')
  @AllowRole('editor', 'audience:write')
  @ApiOperation({ summary: 'Take a tag from a chat' })
  @ApiOkResponse({ standardSchema: chatSchema })
  untag(
    @CurrentCaller() caller: Caller,
    @Param({ schema: chatTagParameterSchema }) { id, name }: ChatTagParameter,
  ) {
    return this.chats.untag(caller, id, name);
  }

  @Put('chats/:id/time-zone')
  @AllowRole('editor', 'audience:write')
  @ApiOperation({ summary: 'Say in which time zone a chat is; Telegram tells no zone' })
  @ApiOkResponse({ standardSchema: chatSchema })
  setTimeZone(
    @CurrentCaller() caller: Caller,
    @Param({ schema: idParameterSchema }) { id }: IdParameter,
    @Body({ schema: setTimeZoneSchema }) { timeZone }: SetTimeZone,
  ) {
    return this.chats.setTimeZone(caller, id, timeZone);
  }

  @Delete('chats/:id/time-zone')
  @AllowRole('editor', 'audience:write')
  @ApiOperation({ summary: "Forget a chat's own time zone: it is its bot's again" })
  @ApiOkResponse({ standardSchema: chatSchema })
  clearTimeZone(@CurrentCaller() caller: Caller, @Param({ schema: idParameterSchema }) { id }: IdParameter) {
    return this.chats.setTimeZone(caller, id, null);
  }

  @Post('chats/time-zones')
  @HttpCode(200)
  @AllowRole('editor', 'audience:write')
  @ApiOperation({
    summary: 'Import the time zones of many chats: all of them, or none where a chat is unknown',
  })
  @ApiOkResponse({ standardSchema: importedTimeZonesSchema })
  importTimeZones(
    @CurrentCaller() caller: Caller,
    @Body({ schema: importTimeZonesSchema }) { chats }: ImportTimeZones,
  ) {
    return this.chats.importTimeZones(caller, chats);
  }

  @Get('contacts')
  @AllowRole('viewer', 'audience:read')
  @ApiOperation({ summary: 'List the people that bots know' })
  @ApiOkResponse({ standardSchema: contactPageSchema })
  listContacts(@CurrentCaller() caller: Caller, @Query({ schema: contactQuerySchema }) query: ContactQuery) {
    return this.chats.listContacts(caller, query);
  }

  @Get('contacts/:id')
  @AllowRole('viewer', 'audience:read')
  @ApiOperation({ summary: 'Read a contact' })
  @ApiOkResponse({ standardSchema: contactSchema })
  readContact(@CurrentCaller() caller: Caller, @Param({ schema: idParameterSchema }) { id }: IdParameter) {
    return this.chats.readContact(caller, id);
  }

  @Post('contacts/:id/erase')
  @HttpCode(204)
  @AllowRole('admin')
  @ApiOperation({
    summary: 'Forget a person: all that any of your bots knows of them; only figures stay',
  })
  @ApiNoContentResponse()
  async eraseContact(
    @CurrentCaller() caller: Caller,
    @Param({ schema: idParameterSchema }) { id }: IdParameter,
  ): Promise<void> {
    await this.erasure.erase(caller, id);
  }

  @Get('audience/counts')
  @AllowRole('viewer', 'audience:read')
  @ApiOperation({ summary: 'Count the chats by bot, type and state' })
  @ApiOkResponse({ standardSchema: audienceCountsSchema })
  count(@CurrentCaller() caller: Caller) {
    return this.chats.count(caller);
  }

  @Post('audience/preview')
  @HttpCode(200)
  @AllowRole('viewer', 'audience:read')
  @ApiOperation({
    summary: 'Count the chats that an audience means now, and tell how long the sending would take',
  })
  @ApiOkResponse({ standardSchema: audienceSizeSchema })
  preview(
    @CurrentCaller() caller: Caller,
    @Body({ schema: previewAudienceSchema }) { audience }: PreviewAudience,
  ) {
    return this.chats.preview(caller, audience);
  }
}
