import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  InjectThrottlerOptions,
  InjectThrottlerStorage,
  ThrottlerGuard,
  type ThrottlerLimitDetail,
  type ThrottlerModuleOptions,
  type ThrottlerRequest,
  type ThrottlerStorage,
} from '@nestjs/throttler';
import { type FastifyRequest } from 'fastify';
import { Configuration } from '../../config/index.js';
import { ProblemError } from '../../platform/errors/index.js';
import { Identification } from '../identification.service.js';
import { requestKeyOf } from './rate-limit.rules.js';
import { CountsAwayError } from './shared-throttler-storage.js';

/**
 * How many requests a person, a key, or a network of strangers may make in a minute. Before the guard that judges access,
 * so that whoever guesses keys is counted too. Answers carry `RateLimit-Limit`, `-Remaining` and `-Reset` (seconds), as
 * the drafts of the IETF's httpapi group had them up to the sixth and most clients know them.
 */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  protected override headerPrefix = 'RateLimit';

  constructor(
    @InjectThrottlerOptions() options: ThrottlerModuleOptions,
    @InjectThrottlerStorage() storage: ThrottlerStorage,
    reflector: Reflector,
    private readonly identification: Identification,
    private readonly configuration: Configuration,
  ) {
    super(options, storage, reflector);
  }

  /** Telegram's updates and their handlers are none of this guard's. */
  protected override shouldSkip(context: ExecutionContext): Promise<boolean> {
    return Promise.resolve(context.getType() !== 'http');
  }

  protected override async handleRequest(request: ThrottlerRequest): Promise<boolean> {
    const { API_REQUESTS_PER_MINUTE, API_ANONYMOUS_REQUESTS_PER_MINUTE } = this.configuration.settings;
    const http = request.context.switchToHttp().getRequest<FastifyRequest>();
    const identity = await this.identification.identify(http);
    const limit = identity ? API_REQUESTS_PER_MINUTE : API_ANONYMOUS_REQUESTS_PER_MINUTE;
    if (limit === Infinity) return true;
    try {
      return await super.handleRequest({
        ...request,
        limit,
        getTracker: () => requestKeyOf(identity?.caller, http.ip),
        generateKey: (_context, tracker) => tracker,
      });
    } catch (error) {
      if (error instanceof CountsAwayError) return true;
      throw error;
    }
  }

  protected override throwThrottlingException(
    _context: ExecutionContext,
    { limit, timeToBlockExpire }: ThrottlerLimitDetail,
  ): Promise<void> {
    const seconds = String(timeToBlockExpire);
    throw new ProblemError(
      429,
      'too_many_requests',
      `There were more than ${limit} requests in a minute; go on in ${seconds} s.`,
      [],
      {
        'retry-after': seconds,
        'ratelimit-limit': String(limit),
        'ratelimit-remaining': '0',
        'ratelimit-reset': seconds,
      },
    );
  }
}
