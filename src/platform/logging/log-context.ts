import { AsyncLocalStorage } from 'node:async_hooks';

/** Ids of what a line of the log is about. Ids alone: no name, no text, nothing that people wrote. */
export interface LogContext {
  readonly requestId?: string;
  readonly tenantId?: string;
  readonly userId?: string;
  readonly botId?: string;
  readonly broadcastId?: string;
  readonly broadcastNo?: string;
  readonly scheduleId?: string;
  readonly updateId?: string;
}

const current = new AsyncLocalStorage<LogContext>();

/** Whatever the work logs, and whatever it starts, carries these ids beside those that are known already. */
export function withLogContext<Result>(ids: LogContext, work: () => Result): Result {
  return current.run({ ...current.getStore(), ...ids }, work);
}

/** What turns out in the middle of a work: who its caller is. Nothing where no work is under way. */
export function addToLogContext(ids: LogContext): void {
  const known = current.getStore();
  if (known) Object.assign(known, ids);
}

/** For work that gathers what many asked for: it must not go by the name of whoever happened to be first. */
export function withoutLogContext<Result>(work: () => Result): Result {
  return current.run({}, work);
}

/** The ids of what is under way, as an object of the caller's own. */
export function readLogContext(): LogContext {
  return { ...current.getStore() };
}

/** Lets what is under way go on in a context that was lost: an event of the connection begins in nobody's. */
export function resumeLogContext<Result>(context: LogContext, work: () => Result): Result {
  return current.run(context, work);
}
