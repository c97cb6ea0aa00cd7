const { TestEnvironment } = require('jest-environment-node');
const { setTimeout: wait } = require('node:timers/promises');

/** What keeps a process from ending, as Node calls it. Jest's own timers come and go, so timers are told otherwise. */
const HANDLES = new Set(['TCPSocketWrap', 'TCPServerWrap', 'PipeWrap', 'ProcessWrap', 'MessagePort']);
/** Closing a socket takes a round through the event loop, a worker of BullMQ some hundred milliseconds. */
const CLOSED_WITHIN_MS = 3_000;
const POLL_MS = 25;
const PRUNE_AT = 1_000;

/** Fails a test file that leaves a connection, server, worker, child process or timer open. */
module.exports = class LeakDetectingEnvironment extends TestEnvironment {
  timers = new Set();

  async setup() {
    await super.setup();
    for (const name of ['setTimeout', 'setInterval']) this.global[name] = this.watch(this.global[name]);
  }

  async handleTestEvent(event) {
    if (event.name === 'run_start') this.handlesBefore = countHandles();
    if (event.name !== 'run_finish') return;
    let left = [];
    for (let waitedMs = 0; waitedMs < CLOSED_WITHIN_MS; waitedMs += POLL_MS) {
      // First wait, then look: what was opened last shows only after a round through the event loop.
      await wait(POLL_MS);
      left = this.listLeft();
      if (left.length === 0) return;
    }
    throw new Error(
      `Left open when the tests had ended: ${left.join(', ')}. Close it in afterAll, or in the code that opened it.`,
    );
  }

  watch(startTimer) {
    const watched = (...timerArguments) => {
      const timer = startTimer(...timerArguments);
      if (this.timers.size >= PRUNE_AT) this.forgetEndedTimers();
      this.timers.add(timer);
      return timer;
    };
    // util.promisify finds its own version of setTimeout among the properties.
    return Object.defineProperties(watched, Object.getOwnPropertyDescriptors(startTimer));
  }

  forgetEndedTimers() {
    // Node has no public word for "fired for the last time, or cleared".
    const hasEnded = (timer) => timer._destroyed || !timer.hasRef();
    for (const timer of this.timers) if (hasEnded(timer)) this.timers.delete(timer);
  }

  listLeft() {
    this.forgetEndedTimers();
    const counts = countHandles();
    if (this.timers.size > 0) counts.set('timer', this.timers.size);
    return [...counts].flatMap(([kind, count]) => {
      const more = count - (this.handlesBefore.get(kind) ?? 0);
      return more > 0 ? [`${more} ${kind}`] : [];
    });
  }
};

function countHandles() {
  const counts = new Map();
  for (const kind of process.getActiveResourcesInfo()) {
    if (HANDLES.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}
