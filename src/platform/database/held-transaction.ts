import { AsyncLocalStorage } from 'node:async_hooks';

type Side = "a tenant's" | "the dispatcher's";

const held = new AsyncLocalStorage<{
  readonly side: Side;
  readonly endings: (() => Promise<void>)[];
  readonly hooks: (() => void)[];
  isOpen: boolean;
}>();

/**
 * Runs a transaction of one side, and refuses it while one of the other side is open around it: the outer one would keep
 * its locks while it waits for the inner one, and should that need one of them, PostgreSQL sees two connections of which
 * only one waits. No deadlock is detected, and both stay for good.
 */
export async function holdTransaction<Result>(side: Side, work: () => Promise<Result>): Promise<Result> {
  const outer = held.getStore();
  if (outer?.isOpen && outer.side !== side) {
    throw new Error(
      `A transaction of ${outer.side} must not wait for one of ${side}: do it all in one of them.`,
    );
  }
  const transaction = { side, endings: [], hooks: [], isOpen: true };
  let result: Result;
  try {
    result = await held.run(transaction, work);
  } finally {
    // What was begun inside and lives on (a timer, a loop) is free again.
    transaction.isOpen = false;
  }
  for (const hook of transaction.hooks as readonly (() => void)[]) hook();
  return result;
}

/**
 * Runs the work as the last of the transaction around it, of either side; at once where there is none. It is for what
 * others wait for until the commit: the less comes after it, the less they wait.
 */
export async function beforeCommit(work: () => Promise<void>): Promise<void> {
  const transaction = held.getStore();
  if (transaction?.isOpen) transaction.endings.push(work);
  else await work();
}

/** Does what waits for the end of the transaction: whoever commits calls it right before. */
export async function endWork(): Promise<void> {
  const endings = held.getStore()?.endings ?? [];
  for (let work = endings.shift(); work; work = endings.shift()) await work();
}

/**
 * Runs the hook once the transaction around it, of either side, is committed, and never where it is rolled back; at once
 * where there is none.
 */
export function afterCommit(hook: () => void): void {
  const transaction = held.getStore();
  if (transaction?.isOpen) transaction.hooks.push(hook);
  else hook();
}
