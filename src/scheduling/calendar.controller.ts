import { Controller, Delete, Get, Header, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { AllowRole, CurrentCaller, Public } from '../platform/access/index.js';
import { type Caller } from '../platform/identity/index.js';
import {
  type CalendarFeedView,
  calendarFeedSchema,
  type CalendarQuery,
  calendarQuerySchema,
  calendarSchema,
  type CalendarView,
  feedFileSchema,
  type NewCalendarFeed,
  newCalendarFeedSchema,
} from './calendar.dto.js';
import { CalendarService } from './calendar.service.js';

@ApiTags('Schedules')
@Controller('calendar')
export class CalendarController {
  constructor(private readonly calendar: CalendarService) {}

  @Get()
  @AllowRole('viewer', 'schedules:read')
  @ApiBearerAuth('session')
  @ApiOperation({ summary: 'Show the due times of all active schedules between two instants' })
  @ApiOkResponse({ standardSchema: calendarSchema })
  read(
    @CurrentCaller() caller: Caller,
    @Query({ schema: calendarQuerySchema }) query: CalendarQuery,
  ): Promise<CalendarView> {
    return this.calendar.read(caller, query);
  }

  @Get('feed')
  @AllowRole('viewer', 'schedules:read')
  @ApiBearerAuth('session')
  @ApiOperation({ summary: 'Say whether there is an iCalendar feed' })
  @ApiOkResponse({ standardSchema: calendarFeedSchema })
  readFeed(@CurrentCaller() caller: Caller): Promise<CalendarFeedView> {
    return this.calendar.readFeed(caller);
  }

  @Post('feed')
  @AllowRole('admin')
  @ApiBearerAuth('session')
  @ApiOperation({ summary: 'Make an iCalendar feed with a secret address; a former address ends' })
  @ApiCreatedResponse({ standardSchema: newCalendarFeedSchema })
  createFeed(@CurrentCaller() caller: Caller): Promise<NewCalendarFeed> {
    return this.calendar.createFeed(caller);
  }

  @Delete('feed')
  @HttpCode(204)
  @AllowRole('admin')
  @ApiBearerAuth('session')
  @ApiOperation({ summary: 'End the iCalendar feed' })
  @ApiNoContentResponse()
  async deleteFeed(@CurrentCaller() caller: Caller): Promise<void> {
    await this.calendar.deleteFeed(caller);
  }

  @Get(':file')
  @Public()
  @Header('content-type', 'text/calendar; charset=utf-8')
  @Header('cache-control', 'private, no-store')
  @ApiOperation({ summary: 'The iCalendar feed: due times of the coming 60 days, at its secret address' })
  @ApiOkResponse({ content: { 'text/calendar': { schema: { type: 'string' } } } })
  @ApiNotFoundResponse()
  writeFeed(@Param('file', { schema: feedFileSchema }) file: string): Promise<string> {
    return this.calendar.writeFeed(file);
  }
}
