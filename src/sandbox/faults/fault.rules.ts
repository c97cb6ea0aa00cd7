/** What can be made to go wrong. The number of each is what the ledger keeps: only ever append. */
export const faultKinds = [
  'refuse',
  'hang',
  'reset_before_effect',
  'reset_after_effect',
  'truncated',
  'html',
  'server_error',
  'unauthorized',
  'forbidden',
  'too_many_requests',
  'redirect',
  'bad_request',
  'balance_too_low',
  'file_unreachable',
] as const;

export type FaultKind = (typeof faultKinds)[number];

export interface FaultSettings {
  kind: FaultKind;
  botId?: number | undefined;
  method?: string | undefined;
  chatId?: number | undefined;
  /** How often it strikes at most; without it, until it is deleted. */
  count?: number | undefined;
  /** 0 to 1, drawn from `seed`, so that a run can be repeated. */
  probability?: number | undefined;
  seed?: number | undefined;
  /** For html (200 or 502), server_error (500 to 599), redirect (301 to 308). */
  statusCode?: number | undefined;
  /** For too_many_requests. */
  retryAfterSeconds?: number | undefined;
  /** For hang, html, server_error, redirect: the message is delivered all the same. */
  hasEffect?: boolean | undefined;
}

const kindsWithEffect: ReadonlySet<FaultKind> = new Set(['reset_after_effect', 'truncated']);
const kindsWithChoice: ReadonlySet<FaultKind> = new Set(['hang', 'html', 'server_error', 'redirect']);

/** Whether the call is carried out although its answer goes wrong. */
export function isEffectDone(fault: FaultSettings): boolean {
  return kindsWithEffect.has(fault.kind) || (kindsWithChoice.has(fault.kind) && fault.hasEffect === true);
}

const defaultStatusCodes: Record<FaultKind, number> = {
  refuse: 0,
  hang: 0,
  reset_before_effect: 0,
  reset_after_effect: 0,
  truncated: 200,
  html: 200,
  server_error: 500,
  unauthorized: 401,
  forbidden: 403,
  too_many_requests: 429,
  redirect: 302,
  bad_request: 400,
  balance_too_low: 400,
  file_unreachable: 400,
};

/** The status code that the client sees; 0 when it sees none. */
export function readFaultStatus(fault: FaultSettings): number {
  return kindsWithChoice.has(fault.kind) && fault.kind !== 'hang'
    ? (fault.statusCode ?? defaultStatusCodes[fault.kind])
    : defaultStatusCodes[fault.kind];
}

/** One step of mulberry32: the next state and a number in [0, 1). Good enough to scatter faults, and repeatable. */
export function drawNumber(state: number): { state: number; drawn: number } {
  const next = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(next ^ (next >>> 15), 1 | next);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return { state: next, drawn: ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296 };
}
