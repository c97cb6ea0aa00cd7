import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '../../platform/database/index.js';
import { conflict } from '../../platform/errors/index.js';
import { idBefore, type Page, pageOf } from '../../platform/http/index.js';
import { type Caller } from '../../platform/identity/index.js';
import { verifyChain } from './audit-verifier.js';
import { type AuditEntryView, type AuditQuery, type AuditVerification } from './audit.dto.js';
import {
  type AuditReader,
  beginVerification,
  endVerification,
  findEntries,
  goOnVerifying,
  type StoredEntry,
} from './audit.repository.js';

/** The audit log as the tenant reads it. */
@Injectable()
export class AuditService {
  constructor(private readonly database: TenantDatabase) {}

  async findPage(caller: Caller, query: AuditQuery): Promise<Page<AuditEntryView>> {
    const before = idBefore(query);
    const rows = await this.database.run(caller.tenantId, (manager) => findEntries(manager, before, query));
    return pageOf(rows, query, view);
  }

  /**
   * Each part is read in a transaction of its own: entries don't change, and none is in the way of others for long.
   *
   * @throws ProblemError 409 `verification_under_way`
   */
  async verify({ tenantId }: Caller): Promise<AuditVerification> {
    if (!(await this.database.run(tenantId, beginVerification))) {
      throw conflict(
        'verification_under_way',
        'The audit log is being verified already; ask again when that has ended.',
      );
    }
    const read: AuditReader = (sql, parameters) =>
      this.database.run(tenantId, async (manager) => {
        await goOnVerifying(manager);
        return manager.query(sql, parameters);
      });
    try {
      const { entries, broken } = await verifyChain(read, tenantId);
      return {
        isWhole: broken === undefined,
        entries,
        brokenAt: broken?.number ?? null,
        problem: broken?.problem ?? null,
      };
    } finally {
      await this.database.run(tenantId, endVerification);
    }
  }
}

function view({ hash, ...entry }: StoredEntry): AuditEntryView {
  return { ...(entry as Omit<AuditEntryView, 'hash'>), hash: hash.toString('hex') };
}
