import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { TenantDatabase } from '../platform/database/index.js';
import { type Caller, type TenantId } from '../platform/identity/index.js';
import { AuditLog } from '../tenants/index.js';
import { Outbox } from '../webhooks/index.js';
import { type ApprovalSetting } from './approval.dto.js';
import { OccurrencesRepository } from './occurrences.repository.js';
import { letAwaitApproval, needsApproval } from './rules/approval.rules.js';
import { type ScheduleChoice } from './rules/schedule-choice.rules.js';
import { type ScheduleRow, SchedulesRepository } from './schedules.repository.js';

/** Whether a tenant wants its editors' schedules looked at, and who hears of it. */
@Injectable()
export class ScheduleApproval {
  constructor(
    private readonly database: TenantDatabase,
    private readonly audit: AuditLog,
    private readonly outbox: Outbox,
    private readonly schedules: SchedulesRepository,
    private readonly occurrences: OccurrencesRepository,
  ) {}

  read({ tenantId }: Caller): Promise<ApprovalSetting> {
    return this.database.run(tenantId, async (manager) => ({
      isRequired: await this.isRequired(manager, tenantId),
    }));
  }

  /** What waits goes on waiting where it is switched off. */
  change({ tenantId, actor }: Caller, { isRequired }: ApprovalSetting): Promise<ApprovalSetting> {
    return this.database.run(tenantId, async (manager) => {
      await manager.query('UPDATE tenants SET are_schedules_approved = $2 WHERE id = $1', [
        tenantId,
        isRequired,
      ]);
      const action = 'tenant.schedule_approval_changed';
      await this.audit.record(manager, { actor, action, details: { isRequired } });
      return { isRequired };
    });
  }

  /** Whether what this caller schedules waits for somebody else. */
  async isNeeded(manager: EntityManager, { tenantId, role }: Caller): Promise<boolean> {
    return needsApproval(await this.isRequired(manager, tenantId), role);
  }

  /** Saves what was changed of a schedule that waits for approval with it, where it would run, and asks for it. */
  async saveWaiting(
    manager: EntityManager,
    caller: Caller,
    { id }: ScheduleRow,
    choice: ScheduleChoice,
    now: Date,
  ): Promise<ScheduleRow> {
    // What is due already would start with what nobody approved.
    await this.occurrences.skipWaiting(manager, id, 'awaiting_approval');
    const changed = await this.schedules.update(manager, id, letAwaitApproval(choice, now));
    await this.request(manager, caller, [changed]);
    return changed;
  }

  /** Tells the log and the tenant's webhooks of those among these schedules that wait. */
  async request(manager: EntityManager, caller: Caller, rows: readonly ScheduleRow[]): Promise<void> {
    for (const row of rows.filter(({ state }) => state === 'awaiting_approval'))
      await this.tell(manager, caller, 'schedule.approval_requested', row);
  }

  /** Tells the log and the tenant's webhooks what became of a schedule that waited. */
  async tell(
    manager: EntityManager,
    { tenantId, actor }: Caller,
    event: 'schedule.approval_requested' | 'schedule.approved' | 'schedule.refused',
    { id, name, refusal }: ScheduleRow,
  ): Promise<void> {
    const reason = event === 'schedule.refused' && { reason: refusal };
    const subject = { kind: 'schedule', id };
    await this.audit.record(manager, { actor, action: event, subject, ...(reason && { details: reason }) });
    await this.outbox.announce(manager, tenantId, { event, data: { scheduleId: id, name, ...reason } });
  }

  private async isRequired(manager: EntityManager, tenantId: TenantId): Promise<boolean> {
    const [row] = await manager.query<{ isRequired: boolean }[]>(
      'SELECT are_schedules_approved AS "isRequired" FROM tenants WHERE id = $1',
      [tenantId],
    );
    return row?.isRequired ?? false;
  }
}
