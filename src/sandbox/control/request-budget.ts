import { type FastifyReply } from 'fastify';

import { type Clock } from '../../platform/clock/index.js';
import { type Workspace } from '../world/inhabitants.js';
import { ControlProblemError } from './control.errors.js';

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** How many requests each workspace may make: as many at once as in a minute, and then as they come back. */
export class RequestBudget {
  /** By the workspace's id: one that was deleted and made anew has no more than before. */
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly clock: Clock,
    private readonly perMinute: number,
  ) {}

  /**
   * Takes one, and says in `RateLimit-*` what is left, as the API does.
   * @throws ControlProblemError 429
   */
  spend(workspace: Workspace, reply: FastifyReply): void {
    if (this.perMinute === Infinity) return;
    const bucket = this.refill(workspace);
    const isEmpty = bucket.tokens < 1;
    if (!isEmpty) bucket.tokens -= 1;
    const secondsOf = (tokens: number): number => Math.ceil((Math.max(0, tokens) * 60) / this.perMinute);
    reply.headers({
      'ratelimit-limit': this.perMinute,
      'ratelimit-remaining': Math.floor(bucket.tokens),
      'ratelimit-reset': secondsOf(this.perMinute - bucket.tokens),
    });
    if (!isEmpty) return;
    const seconds = secondsOf(1 - bucket.tokens);
    reply.header('retry-after', seconds);
    throw new ControlProblemError(
      429,
      'too_many_requests',
      `A workspace may ask ${this.perMinute} times a minute; go on in ${seconds} s.`,
    );
  }

  private refill(workspace: Workspace): Bucket {
    const nowMs = this.clock.monotonicMs();
    const bucket = this.buckets.get(workspace.id) ?? { tokens: this.perMinute, filledAtMs: nowMs };
    const back = ((nowMs - bucket.filledAtMs) * this.perMinute) / 60_000;
    bucket.tokens = Math.min(this.perMinute, bucket.tokens + back);
    bucket.filledAtMs = nowMs;
    this.buckets.delete(workspace.id);
    this.buckets.set(workspace.id, bucket);
    this.forgetFull(nowMs);
    return bucket;
  }

  /** A bucket that nobody took from for a minute is full; those that wait longest come first. */
  private forgetFull(nowMs: number): void {
    for (const [id, { filledAtMs }] of this.buckets) {
      if (nowMs - filledAtMs < 60_000) return;
      this.buckets.delete(id);
    }
  }
}
