import { Controller, Get } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';
import { AllowOperator } from '../../platform/access/index.js';
import {
  installationHealthSchema,
  type InstallationHealthView,
  queueCountsSchema,
  type QueueCountsView,
} from './installation-health.dto.js';
import { InstallationHealthRepository } from './installation-health.repository.js';
import { Queues } from './queues.js';

@ApiTags('Operator')
@ApiBearerAuth('operator')
@AllowOperator()
@Controller('operator')
export class InstallationHealthController {
  constructor(
    private readonly health: InstallationHealthRepository,
    private readonly queues: Queues,
  ) {}

  @Get('health')
  @ApiOperation({ summary: 'How the installation is: database, lanes, backlog, what waits longest' })
  @ApiOkResponse({ standardSchema: installationHealthSchema })
  @ApiServiceUnavailableResponse()
  read(): Promise<InstallationHealthView> {
    return this.health.read();
  }

  @Get('queues')
  @ApiOperation({
    summary: 'How full the queues are; they hold hints, and what is lost of them is found again',
  })
  @ApiOkResponse({ standardSchema: queueCountsSchema })
  readQueues(): Promise<QueueCountsView> {
    return this.queues.count();
  }
}
