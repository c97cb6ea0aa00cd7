import { z } from 'zod';
import { lineOfTextSchema } from '../platform/http/index.js';

export const approvalSettingSchema = z
  .strictObject({
    isRequired: z
      .boolean()
      .describe(
        'whether what an editor schedules waits until an admin or an owner approves it; what waits already is not released by false',
      ),
  })
  .meta({ id: 'ApprovalSetting', examples: [{ isRequired: true }] });
export type ApprovalSetting = z.output<typeof approvalSettingSchema>;

export const approveScheduleSchema = z
  .strictObject({
    updatedAt: z.iso
      .datetime()
      .describe('updatedAt of the schedule as you saw it: what was changed since is not approved with it'),
  })
  .meta({ id: 'ApproveSchedule', examples: [{ updatedAt: '2026-07-01T08:00:00.000Z' }] });
export type ApproveSchedule = z.output<typeof approveScheduleSchema>;

export const refuseScheduleSchema = z
  .strictObject({ reason: lineOfTextSchema(500).describe('what to change; whoever made it reads it') })
  .meta({ id: 'RefuseSchedule', examples: [{ reason: 'Not on a Sunday, please.' }] });
export type RefuseSchedule = z.output<typeof refuseScheduleSchema>;
