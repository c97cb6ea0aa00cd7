import { Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AllowRole, CurrentMember } from '../../platform/access/index.js';
import { type Page, type PageQuery, pageQuerySchema } from '../../platform/http/index.js';
import { type MemberCaller } from '../../platform/identity/index.js';
import { SessionsService } from '../sessions.service.js';
import { sessionPageSchema, type SessionPath, sessionPathSchema, type SessionView } from './sessions.dto.js';

@ApiTags('Accounts')
@ApiBearerAuth('session')
@Controller('auth/sessions')
export class SessionsController {
  constructor(private readonly sessions: SessionsService) {}

  @AllowRole('viewer')
  @Get()
  @ApiOperation({ summary: 'List the own sessions, in every tenant' })
  @ApiOkResponse({ standardSchema: sessionPageSchema })
  list(
    @CurrentMember() caller: MemberCaller,
    @Query({ schema: pageQuerySchema }) query: PageQuery,
  ): Promise<Page<SessionView>> {
    return this.sessions.listOf(caller, query);
  }

  @AllowRole('viewer')
  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'End one of the own sessions, such as that of a lost phone, and those that came of its sign-in',
  })
  @ApiNoContentResponse()
  end(
    @CurrentMember() caller: MemberCaller,
    @Param({ schema: sessionPathSchema }) { id }: SessionPath,
  ): Promise<void> {
    return this.sessions.endOne(caller, id);
  }

  @AllowRole('viewer')
  @Post('end-others')
  @HttpCode(204)
  @ApiOperation({ summary: 'End all own sessions but this one, in every tenant, and those as an operator' })
  @ApiNoContentResponse()
  endOthers(@CurrentMember() caller: MemberCaller): Promise<void> {
    return this.sessions.endOthers(caller);
  }
}
