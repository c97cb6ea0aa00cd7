import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiConflictResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AllowRole, CurrentCaller } from '../../platform/access/index.js';
import { type Page } from '../../platform/http/index.js';
import { type Caller } from '../../platform/identity/index.js';
import {
  type AuditEntryView,
  auditPageSchema,
  type AuditQuery,
  auditQuerySchema,
  type AuditVerification,
  auditVerificationSchema,
} from './audit.dto.js';
import { AuditService } from './audit.service.js';

@ApiTags('Tenant')
@ApiBearerAuth('session')
@Controller('tenant/audit')
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  @AllowRole('admin')
  @ApiOperation({ summary: 'List who did what in the tenant, newest first' })
  @ApiOkResponse({ standardSchema: auditPageSchema })
  list(
    @CurrentCaller() caller: Caller,
    @Query({ schema: auditQuerySchema }) query: AuditQuery,
  ): Promise<Page<AuditEntryView>> {
    return this.audit.findPage(caller, query);
  }

  @Get('verification')
  @AllowRole('admin')
  @ApiOperation({
    summary: 'Compute the whole chain of the audit log again, and tell whether it holds',
    description: 'One at a time.',
  })
  @ApiOkResponse({ standardSchema: auditVerificationSchema })
  @ApiConflictResponse({ description: 'It is being verified already.' })
  verify(@CurrentCaller() caller: Caller): Promise<AuditVerification> {
    return this.audit.verify(caller);
  }
}
