import { Body, Controller, Get, Ip, Param, Post, Query, type StreamableFile } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiForbiddenResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiTags,
  ApiTooManyRequestsResponse,
} from '@nestjs/swagger';
import { AllowRole, CurrentCaller, CurrentMember, Reauthentication } from '../../platform/access/index.js';
import { downloadOf, type Page, type PageQuery, pageQuerySchema } from '../../platform/http/index.js';
import { type Caller, idSchema, type MemberCaller } from '../../platform/identity/index.js';
import {
  exportPageSchema,
  exportSchema,
  type ExportView,
  type RequestExport,
  requestExportSchema,
} from './export.dto.js';
import { ExportsService } from './exports.service.js';

@ApiTags('Tenant')
@ApiBearerAuth('session')
@Controller('tenant/exports')
export class ExportsController {
  constructor(
    private readonly exports: ExportsService,
    private readonly reauthentication: Reauthentication,
  ) {}

  @Post()
  @AllowRole('owner')
  @ApiOperation({
    summary: 'Build an archive of everything that the tenant has, with your password',
    description: 'One at a time, three in an hour; the three newest are kept.',
  })
  @ApiCreatedResponse({ standardSchema: exportSchema })
  @ApiForbiddenResponse({ description: 'The password or the code is wrong, or you are no owner.' })
  @ApiConflictResponse({ description: 'One is being built.' })
  @ApiTooManyRequestsResponse()
  async request(
    @CurrentMember() caller: MemberCaller,
    @Body({ schema: requestExportSchema }) proof: RequestExport,
    @Ip() address: string,
  ): Promise<ExportView> {
    await this.reauthentication.prove(caller, proof, address);
    return this.exports.request(caller);
  }

  @Get()
  @AllowRole('owner')
  @ApiOperation({ summary: 'List archives, newest first' })
  @ApiOkResponse({ standardSchema: exportPageSchema })
  list(
    @CurrentCaller() caller: Caller,
    @Query({ schema: pageQuerySchema }) query: PageQuery,
  ): Promise<Page<ExportView>> {
    return this.exports.findPage(caller, query);
  }

  @Get(':id')
  @AllowRole('owner')
  @ApiOperation({ summary: 'Tell whether an archive is ready' })
  @ApiOkResponse({ standardSchema: exportSchema })
  read(@CurrentCaller() caller: Caller, @Param('id', { schema: idSchema }) id: string): Promise<ExportView> {
    return this.exports.read(caller, id);
  }

  @Get(':id/content')
  @AllowRole('owner')
  @ApiOperation({ summary: 'Fetch an archive: a zip of JSON lines for each table, and the files' })
  @ApiProduces('application/zip')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  @ApiConflictResponse()
  async download(
    @CurrentMember() caller: MemberCaller,
    @Param('id', { schema: idSchema }) id: string,
  ): Promise<StreamableFile> {
    const sizeBytes = await this.exports.open(caller, id);
    return downloadOf(this.exports.bytes(caller, id), {
      type: 'application/zip',
      sizeBytes,
      disposition: `attachment; filename="arauto-export-${id}.zip"`,
    });
  }
}
