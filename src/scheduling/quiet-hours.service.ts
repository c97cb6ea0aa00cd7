import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '../platform/database/index.js';
import { notFound } from '../platform/errors/index.js';
import { type Caller } from '../platform/identity/index.js';
import { AuditLog } from '../tenants/index.js';
import { type QuietHoursList, type QuietHoursView, type SetQuietHours } from './quiet-hours.dto.js';
import { OccurrencesRepository } from './occurrences.repository.js';
import { QuietHoursRepository } from './quiet-hours.repository.js';

/** When a tenant and its bots keep quiet. Whoever starts occurrences heeds it. */
@Injectable()
export class QuietHoursService {
  constructor(
    private readonly database: TenantDatabase,
    private readonly quietHours: QuietHoursRepository,
    private readonly occurrences: OccurrencesRepository,
    private readonly audit: AuditLog,
  ) {}

  list(caller: Caller): Promise<QuietHoursList> {
    return this.database.run(caller.tenantId, async (manager) => ({
      items: await this.quietHours.findAll(manager),
    }));
  }

  /** @param botId null for the whole tenant */
  set(caller: Caller, botId: string | null, given: SetQuietHours): Promise<QuietHoursView> {
    return this.database.run(caller.tenantId, async (manager) => {
      if (botId === null) await this.quietHours.setForTenant(manager, caller.tenantId, given);
      else if (!(await this.quietHours.setForBot(manager, { botId, ...given }))) throw notFound('bot');
      await this.occurrences.lookAgainAtQuiet(manager);
      await this.audit.record(manager, {
        actor: caller.actor,
        action: 'quiet_hours.set',
        ...(botId !== null && { subject: { kind: 'bot', id: botId } }),
        details: { from: given.hours.from, to: given.hours.to, policy: given.policy },
      });
      return { botId, ...given };
    });
  }

  async delete(caller: Caller, botId: string | null): Promise<void> {
    await this.database.run(caller.tenantId, async (manager) => {
      if (!(await this.quietHours.delete(manager, botId))) throw notFound('quiet hours');
      await this.occurrences.lookAgainAtQuiet(manager);
      await this.audit.record(manager, {
        actor: caller.actor,
        action: 'quiet_hours.removed',
        ...(botId !== null && { subject: { kind: 'bot', id: botId } }),
      });
    });
  }
}
