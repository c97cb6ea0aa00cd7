import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Configuration } from '../../config/index.js';
import { Clock } from '../../platform/clock/index.js';
import { deriveKey } from '../../platform/crypto/index.js';
import { DispatcherDatabase, TenantDatabase } from '../../platform/database/index.js';
import { notFound } from '../../platform/errors/index.js';
import { idBefore, type Page, pageOf, type PageQuery } from '../../platform/http/index.js';
import {
  asTenantId,
  asUserId,
  type Caller,
  idSchema,
  type MemberCaller,
  type OperatorCaller,
} from '../../platform/identity/index.js';
import { AuditLog } from '../../tenants/index.js';
import { TokenSigner } from '../token-signer.js';
import {
  type OpenedSupportAccess,
  type OpenSupportAccess,
  type SupportAccessView,
} from './support-access.dto.js';
import { type SupportAccessRow, SupportAccessesRepository } from './support-accesses.repository.js';

const TOKEN_TYPE = 'support+jwt';
const claimsSchema = z.object({ sub: idSchema, tid: idSchema, said: idSchema });
const OPENED = 'support_access.opened';
const ENDED = 'support_access.ended';

/**
 * An operator's look into a tenant: as a viewer, for minutes, with a reason that the tenant reads. There is no other way
 * for them to see what is a tenant's.
 */
@Injectable()
export class SupportAccess {
  private readonly signer: TokenSigner<z.infer<typeof claimsSchema>>;

  constructor(
    private readonly accesses: SupportAccessesRepository,
    private readonly audit: AuditLog,
    private readonly dispatcher: DispatcherDatabase,
    private readonly database: TenantDatabase,
    configuration: Configuration,
    clock: Clock,
  ) {
    const key = deriveKey(configuration.secrets.SESSION_KEY, 'support-token');
    this.signer = new TokenSigner(key, TOKEN_TYPE, claimsSchema, clock);
  }

  /** @returns the look with its token, which is kept nowhere */
  async open(
    operator: OperatorCaller,
    tenant: string,
    { reason, minutes }: OpenSupportAccess,
  ): Promise<OpenedSupportAccess> {
    const tenantId = asTenantId(tenant);
    const row = await this.dispatcher.transaction(async (client) => {
      const opened = await this.accesses.insert(client, {
        tenantId,
        operatorId: operator.userId,
        reason,
        minutes,
      });
      if (!opened) throw notFound('tenant');
      await this.audit.recordFor(client, tenantId, {
        actor: { kind: 'operator', userId: operator.userId },
        action: OPENED,
        subject: { kind: 'support_access', id: opened.id },
        details: { reason, minutes },
      });
      return opened;
    });
    const claims = { sub: operator.userId, tid: tenantId, said: row.id };
    return { ...view(row), accessToken: await this.signer.sign(claims, minutes * 60) };
  }

  /** @returns undefined for what is no token of a look, or of one that is over. Asked anew each time. */
  async findByAccessToken(token: string): Promise<Caller | undefined> {
    const claims = await this.signer.verify(token);
    if (!claims) return undefined;
    const tenantId = asTenantId(claims.tid);
    const userId = asUserId(claims.sub);
    if (!(await this.accesses.isOpen(tenantId, claims.said, userId))) return undefined;
    return { tenantId, actor: { kind: 'operator', userId, supportAccessId: claims.said }, role: 'viewer' };
  }

  async findPageAsOperator(tenant: string, query: PageQuery): Promise<Page<SupportAccessView>> {
    const tenantId = asTenantId(tenant);
    const rows = await this.accesses.findPageCrossing(tenantId, idBefore(query), query.limit + 1);
    if (rows.length === 0 && !(await this.accesses.hasTenant(tenantId))) throw notFound('tenant');
    return pageOf(rows, query, view);
  }

  findPage(caller: Caller, query: PageQuery): Promise<Page<SupportAccessView>> {
    return this.database.run(caller.tenantId, async (manager) =>
      pageOf(await this.accesses.findPage(manager, idBefore(query), query.limit + 1), query, view),
    );
  }

  async endAsOperator(operator: OperatorCaller, tenant: string, id: string): Promise<SupportAccessView> {
    const tenantId = asTenantId(tenant);
    return this.dispatcher.transaction(async (client) => {
      const ended = await this.accesses.endCrossing(client, tenantId, id);
      if (!ended) throw notFound('support access');
      if (ended.wasOpen) {
        await this.audit.recordFor(client, tenantId, {
          actor: { kind: 'operator', userId: operator.userId },
          action: ENDED,
          subject: { kind: 'support_access', id },
        });
      }
      return view(ended.row);
    });
  }

  end(caller: MemberCaller, id: string): Promise<SupportAccessView> {
    return this.database.run(caller.tenantId, async (manager) => {
      const ended = await this.accesses.end(manager, id);
      if (!ended) throw notFound('support access');
      if (ended.wasOpen) {
        await this.audit.record(manager, {
          actor: caller.actor,
          action: ENDED,
          subject: { kind: 'support_access', id },
        });
      }
      return view(ended.row);
    });
  }
}

function view(row: SupportAccessRow): SupportAccessView {
  return {
    id: row.id,
    operatorId: row.operatorId,
    reason: row.reason,
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    endedAt: row.endedAt?.toISOString() ?? null,
    endedBy: row.endedBy,
  };
}
