const { TestEnvironment } = require('jest-environment-node');
const { setTimeout: wait } = require('node:timers/promises');

/** What a test must not leave behind: it keeps a process from ending. */
const KEPT_OPEN = new Set([
  'TCPSocketWrap',
  'TCPServerWrap',
  'PipeWrap',
  'ProcessWrap',
  'MessagePort',
  'Timeout',
]);
/** Closing a socket takes a round through the event loop, a worker of BullMQ some hundred milliseconds. */
const CLOSED_WITHIN_MS = 3_000;
const POLL_MS = 25;

/** Fails a test file that leaves a connection, server, worker, child process or timer open. */
module.exports = class LeakDetectingEnvironment extends TestEnvironment {
  async handleTestEvent(event) {
    if (event.name === 'run_start') this.openBefore = countOpen();
    if (event.name !== 'run_finish') return;
    let left = listNew(this.openBefore);
    for (let waitedMs = 0; left.length > 0 && waitedMs < CLOSED_WITHIN_MS; waitedMs += POLL_MS) {
      // This wait is itself a timer; it is over when we count.
      await wait(POLL_MS);
      left = listNew(this.openBefore);
    }
    if (left.length > 0) {
      throw new Error(
        `Left open when the tests had ended: ${left.join(', ')}. Close it in afterAll, or in the code that opened it.`,
      );
    }
  }
};

function countOpen() {
  const counts = new Map();
  for (const kind of process.getActiveResourcesInfo()) {
    if (KEPT_OPEN.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

function listNew(before) {
  return [...countOpen()].flatMap(([kind, count]) => {
    const more = count - (before.get(kind) ?? 0);
    return more > 0 ? [`${more} ${kind}`] : [];
  });
}
