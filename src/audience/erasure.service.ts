import { Injectable } from '@nestjs/common';
import { InboxRepository } from '../bots/index.js';
import { TenantDatabase } from '../platform/database/index.js';
import { notFound } from '../platform/errors/index.js';
import { IdempotencyService } from '../platform/http/index.js';
import { asBotNumber, type Caller } from '../platform/identity/index.js';
import { AuditLog } from '../tenants/index.js';
import { Outbox } from '../webhooks/index.js';
import { ErasureRepository } from './erasure.repository.js';
import { PersonTraces } from './person-traces.js';

/** Makes a tenant forget a person. Figures stay, since a delivery counts without saying to whom. */
@Injectable()
export class ErasureService {
  constructor(
    private readonly database: TenantDatabase,
    private readonly repository: ErasureRepository,
    private readonly inbox: InboxRepository,
    private readonly outbox: Outbox,
    private readonly idempotency: IdempotencyService,
    private readonly traces: PersonTraces,
    private readonly audit: AuditLog,
  ) {}

  /** What they write afterwards is somebody new's. @throws ProblemError 404 */
  async erase(caller: Caller, contactId: string): Promise<void> {
    const { tenantId, actor } = caller;
    await this.database.run(tenantId, async (manager) => {
      const known = await this.repository.findPerson(manager, contactId);
      if (known.length === 0) throw notFound('contact');
      for (const person of known) {
        const { telegramUserId, chatIds } = person;
        // The inbox first, in the order of its own work: update, then contact and chat.
        const updateIds = await this.inbox.forget(manager, asBotNumber(person.botNo), telegramUserId);
        await this.traces.forget(manager, { ...person, updateIds });
        await this.outbox.forgetContact(manager, person.contactId);
        await this.idempotency.forgetAnswersNaming(manager, [person.contactId, ...chatIds, telegramUserId]);
        await this.repository.delete(manager, person);
        await this.outbox.announce(manager, tenantId, {
          event: 'contact.erased',
          data: { contactId: person.contactId, botId: person.botId },
        });
      }
      for (const person of known) {
        const subject = { kind: 'contact', id: person.contactId };
        await this.audit.record(manager, { actor, action: 'contact.erased', subject });
      }
    });
  }
}
