import { Injectable } from '@nestjs/common';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { AccessChanges } from '../../platform/access/index.js';
import { randomSecret, sha256 } from '../../platform/crypto/index.js';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { conflict, invalidField, notFound } from '../../platform/errors/index.js';
import { type MemberCaller } from '../../platform/identity/index.js';
import { Mailer } from '../../platform/mail/index.js';
import { AuditLog, TenantsService, TenantStateChanged } from '../../tenants/index.js';
import { deletionMail } from './deletion-mail.rules.js';
import { type RestoreTenant, type TenantDeletionView } from './tenant-deletion.dto.js';
import { TenantDeletionsRepository, type TenantOwner } from './tenant-deletions.repository.js';

/** Days in which a deletion can be called off. */
const GRACE_DAYS = 7;

/** An owner lets the tenant go, or thinks better of it. */
@Injectable()
export class TenantDeletionService {
  constructor(
    private readonly database: DispatcherDatabase,
    private readonly repository: TenantDeletionsRepository,
    private readonly tenants: TenantsService,
    private readonly audit: AuditLog,
    private readonly accessChanges: AccessChanges,
    private readonly mailer: Mailer,
    private readonly events: EventEmitter2,
  ) {}

  /** @throws ProblemError 400 where the typed name is another one */
  async request(caller: MemberCaller, tenantName: string): Promise<TenantDeletionView> {
    const { tenantId, actor } = caller;
    const { name } = await this.tenants.read(caller);
    if (name !== tenantName) {
      throw invalidField('tenantName', 'wrong_name', 'Type the name of the tenant exactly as it is.');
    }
    const restoreToken = randomSecret();
    const { dueAt, owners } = await this.database.transaction(async (client) => {
      const due = await this.repository.insert(client, {
        tenantId,
        requestedBy: actor.userId,
        graceDays: GRACE_DAYS,
        tokenHash: sha256(restoreToken),
      });
      if (!due) throw conflict('tenant_suspended', 'This tenant is suspended already.');
      await this.accessChanges.announce(client, tenantId);
      const found = await this.repository.findOwners(client, tenantId);
      await this.audit.recordFor(client, tenantId, {
        actor,
        action: 'tenant.deletion_requested',
        details: { dueAt: due.toISOString() },
      });
      return { dueAt: due.toISOString(), owners: found };
    });
    this.events.emit(TenantStateChanged.topic, new TenantStateChanged(tenantId, 'suspended'));
    this.tell(owners, { tenantName, dueDay: dueAt.slice(0, 10), restoreToken });
    return { dueAt, restoreToken };
  }

  /** @throws ProblemError 404 for a token that is nobody's, or came too late */
  async restore({ restoreToken }: RestoreTenant): Promise<void> {
    const { tenantId, isActive } = await this.database.transaction(async (client) => {
      const restored = await this.repository.callOff(client, sha256(restoreToken));
      if (!restored) throw notFound('deletion that could be called off');
      await this.accessChanges.announce(client, restored.tenantId);
      await this.audit.recordFor(client, restored.tenantId, {
        actor: { kind: 'system' },
        action: 'tenant.restored',
      });
      return restored;
    });
    if (isActive) this.events.emit(TenantStateChanged.topic, new TenantStateChanged(tenantId, 'active'));
  }

  /** The one who asked has the token in the answer, so a mail that fails is no reason to fail. */
  private tell(owners: readonly TenantOwner[], facts: Parameters<typeof deletionMail>[1]): void {
    for (const { email, language } of owners) {
      this.mailer.sendInBackground({ to: email, ...deletionMail(language, facts) });
    }
  }
}
