import { isAtLeast, type TenantRole } from '../../platform/identity/index.js';
import { type ScheduleChoice } from './schedule-choice.rules.js';

/** From which role on schedules run without anybody's approval. */
const APPROVING_ROLE: TenantRole = 'admin';

/** @param isRequired whether the tenant wants it */
export const needsApproval = (isRequired: boolean, role: TenantRole): boolean =>
  isRequired && !isAtLeast(role, APPROVING_ROLE);

/**
 * A schedule that would run, as it waits for approval: like one that is paused, so that approval finds out what was missed
 * since. What doesn't run anyway is left as it is.
 */
export const letAwaitApproval = (choice: ScheduleChoice, now: Date): ScheduleChoice =>
  choice.state === 'active'
    ? {
        ...choice,
        state: 'awaiting_approval',
        paused_at: choice.paused_at ?? now,
        next_run_at: null,
        refusal: null,
      }
    : choice;

/** A schedule that an admin refused: paused until somebody changes or resumes it. */
export const refuseChoice = (waiting: ScheduleChoice, refusal: string): ScheduleChoice => ({
  ...waiting,
  state: 'paused',
  refusal,
});
