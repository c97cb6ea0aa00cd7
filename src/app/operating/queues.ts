import { type Queue } from 'bullmq';
import { type QueueCountsView } from './installation-health.dto.js';

/** Names of all queues of wakes: bots' lanes, broadcasts to plan, bots whose inbox has updates. */
export const QUEUE_NAMES = ['lanes', 'plans', 'inbox'] as const;

/** The queues of the installation, for whoever looks at all of them. */
export class Queues {
  constructor(readonly all: readonly Queue[]) {}

  async count(): Promise<QueueCountsView> {
    return { items: await Promise.all(this.all.map(countsOf)) };
  }
}

async function countsOf(queue: Queue): Promise<QueueCountsView['items'][number]> {
  const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'failed');
  return {
    name: queue.name,
    waiting: counts['waiting'] ?? 0,
    active: counts['active'] ?? 0,
    delayed: counts['delayed'] ?? 0,
    failed: counts['failed'] ?? 0,
  };
}
