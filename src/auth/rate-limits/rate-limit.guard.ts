import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  InjectThrottlerOptions,
  InjectThrottlerStorage,
  ThrottlerGuard,
  type ThrottlerModuleOptions,
  type ThrottlerRequest,
  type ThrottlerStorage,
} from '@nestjs/throttler';
import { type FastifyRequest } from 'fastify';
import { Configuration } from '../../config/index.js';
import { ProblemError } from '../../platform/errors/index.js';
import { Quotas } from '../../tenants/index.js';
import { Identification } from '../identification.service.js';
import { requestKeyOf, tenantKeyOf } from './rate-limit.rules.js';
import { CountsAwayError } from './shared-throttler-storage.js';

/** Of whom requests are counted, and how many they may make in a minute. */
interface RateLimit {
  readonly key: string;
  readonly limit: number;
  /** Said to whom it stops: a way to get a higher one. */
  readonly wayOut: string;
}

/** What is left of a limit until its window ends. */
interface Left {
  readonly limit: number;
  readonly remaining: number;
  readonly seconds: number;
}

/**
 * How many requests a person, a key, or a network of strangers may make in a minute, and all of a tenant together where
 * its plan limits them. Before the guard that judges access, so that whoever guesses keys is counted too. Answers carry
 * `RateLimit-Limit`, `-Remaining` and `-Reset` (seconds) of the limit that is nearest to its end, as the drafts of the
 * IETF's httpapi group had them up to the sixth and most clients know them.
 */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  constructor(
    @InjectThrottlerOptions() options: ThrottlerModuleOptions,
    @InjectThrottlerStorage() storage: ThrottlerStorage,
    reflector: Reflector,
    private readonly identification: Identification,
    private readonly quotas: Quotas,
    private readonly configuration: Configuration,
  ) {
    super(options, storage, reflector);
  }

  /** Telegram's updates and their handlers are none of this guard's. */
  protected override shouldSkip(context: ExecutionContext): Promise<boolean> {
    return Promise.resolve(context.getType() !== 'http');
  }

  protected override async handleRequest({ context, ttl }: ThrottlerRequest): Promise<boolean> {
    const limits = await this.limitsOf(context.switchToHttp().getRequest<FastifyRequest>());
    let nearest: Left | undefined;
    for (const limit of limits) {
      const left = await this.count(limit, ttl);
      if (left && left.remaining < (nearest?.remaining ?? Infinity)) nearest = left;
    }
    if (nearest) {
      const { res } = this.getRequestResponse(context);
      for (const [name, value] of headersOf(nearest)) this.setResponseHeader(res, name, value);
    }
    return true;
  }

  /** The tenant's comes last: what a person may not do is not counted against everybody else. */
  private async limitsOf(request: FastifyRequest): Promise<RateLimit[]> {
    const { API_REQUESTS_PER_MINUTE, API_ANONYMOUS_REQUESTS_PER_MINUTE } = this.configuration.settings;
    const caller = (await this.identification.identify(request))?.caller;
    const known = caller ?? (await this.identification.identifyOperator(request));
    const own = known ? API_REQUESTS_PER_MINUTE : API_ANONYMOUS_REQUESTS_PER_MINUTE;
    const limits = [{ key: requestKeyOf(known, request.ip), limit: own, wayOut: '' }];
    const tenantKey = caller && tenantKeyOf(caller);
    if (caller && tenantKey !== undefined) {
      const { limit, planName } = await this.quotas.findLimit(caller.tenantId, 'apiRequestsPerMinute');
      const wayOut = `, or ask the operator for a larger plan than "${planName}"`;
      limits.push({ key: tenantKey, limit, wayOut });
    }
    return limits.filter(({ limit }) => limit !== Infinity);
  }

  /** @returns undefined where nobody can tell */
  private async count({ key, limit, wayOut }: RateLimit, windowMs: number): Promise<Left | undefined> {
    try {
      const { totalHits, isBlocked, timeToExpire } = await this.storageService.increment(
        key,
        windowMs,
        limit,
        windowMs,
        key,
      );
      const left = { limit, remaining: Math.max(0, limit - totalHits), seconds: timeToExpire };
      if (isBlocked) throw tooManyRequests(left, wayOut);
      return left;
    } catch (error) {
      if (error instanceof CountsAwayError) return undefined;
      throw error;
    }
  }
}

const headersOf = ({ limit, remaining, seconds }: Left): [name: string, value: string][] => [
  ['ratelimit-limit', String(limit)],
  ['ratelimit-remaining', String(remaining)],
  ['ratelimit-reset', String(seconds)],
];

function tooManyRequests(left: Left, wayOut: string): ProblemError {
  const detail = `There were more than ${left.limit} requests in a minute; go on in ${left.seconds} s${wayOut}.`;
  const headers = { ...Object.fromEntries(headersOf(left)), 'retry-after': String(left.seconds) };
  return new ProblemError(429, 'too_many_requests', detail, [], headers);
}
