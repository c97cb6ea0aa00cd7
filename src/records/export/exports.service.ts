import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PersonTraces } from '../../audience/index.js';
import { TenantDatabase } from '../../platform/database/index.js';
import { conflict, notFound, type ProblemError, tooMany } from '../../platform/errors/index.js';
import { type Page, pageOf, type PageQuery } from '../../platform/http/index.js';
import { type Caller, type MemberCaller } from '../../platform/identity/index.js';
import { AuditLog } from '../../tenants/index.js';
import { type ExportView } from './export.dto.js';
import { type ExportRow, ExportsRepository } from './exports.repository.js';

/** How long an archive can be fetched. */
export const EXPORT_DAYS = 7;

/** Archives lie outside the plan's media bytes, so they are few: an older one goes for a newer one. */
const MOST_KEPT = 3;
/** Of those kept, all may be of one hour; building reads everything that the tenant has. */
const HOUR_SECONDS = 60 * 60;

/** Archives of everything that a tenant has, as its owners ask for them and fetch them. */
@Injectable()
export class ExportsService implements OnModuleInit {
  constructor(
    private readonly database: TenantDatabase,
    private readonly repository: ExportsRepository,
    private readonly audit: AuditLog,
    private readonly traces: PersonTraces,
  ) {}

  /** Somebody who is erased is in no archive that can still be fetched. */
  onModuleInit(): void {
    this.traces.register((manager) => this.repository.deleteAll(manager));
  }

  request({ tenantId, actor }: MemberCaller): Promise<ExportView> {
    return this.database.run(tenantId, async (manager) => {
      const row = await this.repository.insert(manager, tenantId, actor.userId);
      if (!row)
        throw conflict('export_under_way', 'An export is being built already; wait until it is ready.');
      const secondsSince = await this.repository.findSecondsSince(manager, MOST_KEPT + 1);
      if (secondsSince !== undefined && secondsSince < HOUR_SECONDS) throw tooManyExports(secondsSince);
      await this.repository.keepNewest(manager, MOST_KEPT);
      const subject = { kind: 'export', id: row.id };
      await this.audit.record(manager, { actor, action: 'export.requested', subject });
      return view(row);
    });
  }

  findPage(caller: Caller, query: PageQuery): Promise<Page<ExportView>> {
    return this.database.run(caller.tenantId, async (manager) =>
      pageOf(await this.repository.findPage(manager, query), query, view),
    );
  }

  async read(caller: Caller, id: string): Promise<ExportView> {
    const row = await this.database.run(caller.tenantId, (manager) => this.repository.find(manager, id));
    if (!row) throw notFound('export');
    return view(row);
  }

  /** Notes who fetches it, and gives its size. @throws ProblemError 404, or 409 while it isn't ready */
  open({ tenantId, actor }: MemberCaller, id: string): Promise<number> {
    return this.database.run(tenantId, async (manager) => {
      const row = await this.repository.find(manager, id);
      if (!row) throw notFound('export');
      if (row.state !== 'ready') throw conflict('export_not_ready', 'The archive is not ready yet.');
      const subject = { kind: 'export', id };
      await this.audit.record(manager, { actor, action: 'export.downloaded', subject });
      return Number(row.sizeBytes);
    });
  }

  /** The archive's bytes, each chunk read in a transaction of its own. */
  async *bytes(caller: Caller, id: string): AsyncGenerator<Buffer> {
    for (let n = 0; ; n++) {
      const chunk = await this.database.run(caller.tenantId, (manager) =>
        this.repository.findChunk(manager, id, n),
      );
      if (!chunk) return;
      yield chunk;
    }
  }
}

function tooManyExports(secondsSince: number): ProblemError {
  const seconds = Math.ceil(HOUR_SECONDS - secondsSince);
  return tooMany(
    'too_many_exports',
    `At most ${MOST_KEPT} exports are built in an hour; fetch one of those, or ask again in ${Math.ceil(seconds / 60)} min.`,
    seconds,
  );
}

function view(row: ExportRow): ExportView {
  const expiresAtMs = row.createdAt.getTime() + EXPORT_DAYS * 24 * 60 * 60 * 1_000;
  return {
    id: row.id,
    state: row.state,
    sizeBytes: row.state === 'ready' ? Number(row.sizeBytes) : null,
    createdAt: row.createdAt.toISOString(),
    readyAt: row.readyAt?.toISOString() ?? null,
    expiresAt: new Date(expiresAtMs).toISOString(),
  };
}
