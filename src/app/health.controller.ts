import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { z } from 'zod';
import { Public } from '../platform/access/index.js';
import { DatabaseHealth } from '../platform/database/index.js';
import { ProblemError } from '../platform/errors/index.js';

const healthSchema = z.object({ status: z.literal('ok') }).meta({ id: 'Health' });
type Health = z.infer<typeof healthSchema>;

/** What an orchestrator asks; it has no account, and learns nothing but yes or no. */
@ApiTags('Health')
@SkipThrottle()
@Public()
@Controller('health')
export class HealthController {
  constructor(private readonly database: DatabaseHealth) {}

  @Get('live')
  @ApiOperation({ summary: 'Is this process alive?' })
  @ApiOkResponse({ standardSchema: healthSchema })
  live(): Health {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({ summary: 'Can this process serve: does its database answer?' })
  @ApiOkResponse({ standardSchema: healthSchema })
  @ApiServiceUnavailableResponse()
  async ready(): Promise<Health> {
    // Why it doesn't is told on the port of MONITORING_PORT, which not everybody reaches.
    if ((await this.database.findFault()) === undefined) return { status: 'ok' };
    throw new ProblemError(503, 'unavailable', 'The database does not answer.', [], { 'retry-after': '5' });
  }
}
