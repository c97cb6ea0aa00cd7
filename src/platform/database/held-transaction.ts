import { AsyncLocalStorage } from 'node:async_hooks';

type Side = "a tenant's" | "the dispatcher's";

const held = new AsyncLocalStorage<{
  readonly side: Side;
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
  const transaction = { side, hooks: [], isOpen: true };
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
 * Runs the hook once the transaction around it, of either side, is committed, and never where it is rolled back; at once
 * where there is none.
 */
export function afterCommit(hook: () => void): void {
  const transaction = held.getStore();
  if (transaction?.isOpen) transaction.hooks.push(hook);
  else hook();
}
