/** What a plan may limit. */
export const QUOTAS = [
  'bots',
  'chats',
  'deliveriesPerDay',
  'schedules',
  'mediaBytes',
  'members',
  'apiRequestsPerMinute',
] as const;
export type QuotaName = (typeof QUOTAS)[number];

/** The most of each; null where there is no limit. */
export type Limits = Readonly<Record<QuotaName, number | null>>;

/** A plan keeps only what somebody chose: all that is absent has no limit. */
export function completeLimits(chosen: Partial<Limits>): Limits {
  return Object.fromEntries(QUOTAS.map((name) => [name, chosen[name] ?? null])) as unknown as Limits;
}

/** What is left of a quota: Infinity without a limit, less than nothing where the limit came down meanwhile. */
export function roomOf(limit: number | null, used: number): number {
  return limit === null ? Infinity : limit - used;
}

const WAYS_OUT: Readonly<Record<QuotaName, string>> = {
  bots: 'Disconnect a bot',
  chats: 'Disconnect a bot with its chats',
  deliveriesPerDay: 'Choose a smaller audience, wait for the next day (UTC)',
  schedules: 'Delete a schedule',
  mediaBytes: 'Delete files that no message uses',
  members: 'Remove a member or an invitation',
  apiRequestsPerMinute: 'Wait for the next minute',
};

/** For people: which quota, its limit, its use, and what to do. */
export function describeExcess(planName: string, name: QuotaName, limit: number, used: number): string {
  return `The plan "${planName}" allows ${limit} ${wordsOf(name)}, and ${used} are in use. ${WAYS_OUT[name]}, or ask the operator for another plan.`;
}

/** `deliveriesPerDay` as people say it. */
function wordsOf(name: QuotaName): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** When the use of a quota begins at nothing again: the next day in UTC; null for what is there until somebody removes it. */
export function resetOf(name: QuotaName, now: Date): Date | null {
  if (name !== 'deliveriesPerDay') return null;
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1));
}
