import { letAwaitApproval, needsApproval, refuseChoice } from './approval.rules.js';
import {
  isChangeOfNameAlone,
  pauseChoice,
  resumeChoice,
  type ScheduleChoice,
} from './schedule-choice.rules.js';

const now = new Date('2026-03-01T10:00:00Z');
const active: ScheduleChoice = {
  name: 'x',
  message_id: 'm',
  audience: { to: 'everybody' },
  rule: { kind: 'cron', expression: '0 9 * * *' },
  time_zone: 'UTC',
  ends_at: null,
  except_dates: null,
  within: null,
  max_runs: null,
  runs: null,
  missed_policy: null,
  grace_seconds: null,
  overlap_policy: null,
  state: 'active',
  state_reason: null,
  paused_at: null,
  refusal: null,
  next_run_at: new Date('2026-03-02T09:00:00Z'),
  local_time_of: null,
  zone_runs: null,
  recycles: null,
  pin: null,
  delete_previous: null,
  delete_after_seconds: null,
  queue_id: null,
  post_at: null,
};

it.each([
  ['owner', false],
  ['admin', false],
  ['editor', true],
  ['viewer', true],
] as const)('an %s needs approval, where it is required: %s', (role, isNeeded) => {
  expect(needsApproval(true, role)).toBe(isNeeded);
  expect(needsApproval(false, role)).toBe(false);
});

it('lets what would run wait from now on, and finds what was missed when it is approved', () => {
  const waiting = letAwaitApproval(active, now);
  expect(waiting).toMatchObject({ state: 'awaiting_approval', next_run_at: null, paused_at: now });
  const later = new Date('2026-03-05T10:00:00Z');
  expect(resumeChoice(waiting, later)).toMatchObject({ state: 'active', next_run_at: active.next_run_at });
  const refused = refuseChoice(waiting, 'Not now');
  expect(refused).toMatchObject({ state: 'paused', refusal: 'Not now', paused_at: now });
  expect(resumeChoice(refused, later)).toMatchObject({ refusal: null });
  expect(pauseChoice(waiting, later)).toMatchObject({ state: 'paused', paused_at: now });
});

it('leaves what does not run as it is', () => {
  const paused = pauseChoice(active, now);
  expect(letAwaitApproval(paused, now)).toBe(paused);
});

it('tells a new name from what concerns people', () => {
  expect(isChangeOfNameAlone({ name: 'y' })).toBe(true);
  expect(isChangeOfNameAlone({ name: 'y', maxRuns: 3 })).toBe(false);
  expect(isChangeOfNameAlone({ rule: active.rule })).toBe(false);
});
