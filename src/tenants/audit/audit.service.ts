import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '../../platform/database/index.js';
import { idBefore, type Page, pageOf } from '../../platform/http/index.js';
import { type Caller } from '../../platform/identity/index.js';
import { verifyChain } from './audit-verifier.js';
import { type AuditEntryView, type AuditQuery, type AuditVerification } from './audit.dto.js';
import { findEntries, type StoredEntry } from './audit.repository.js';

/** The audit log as the tenant reads it. */
@Injectable()
export class AuditService {
  constructor(private readonly database: TenantDatabase) {}

  async findPage(caller: Caller, query: AuditQuery): Promise<Page<AuditEntryView>> {
    const before = idBefore(query);
    const rows = await this.database.run(caller.tenantId, (manager) => findEntries(manager, before, query));
    return pageOf(rows, query, view);
  }

  async verify(caller: Caller): Promise<AuditVerification> {
    const { entries, broken } = await this.database.run(caller.tenantId, (manager) =>
      verifyChain((sql, parameters) => manager.query(sql, parameters), caller.tenantId),
    );
    return {
      isWhole: broken === undefined,
      entries,
      brokenAt: broken?.number ?? null,
      problem: broken?.problem ?? null,
    };
  }
}

function view({ hash, ...entry }: StoredEntry): AuditEntryView {
  return { ...(entry as Omit<AuditEntryView, 'hash'>), hash: hash.toString('hex') };
}
