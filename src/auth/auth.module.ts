import { Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { CleaningModule } from '../platform/cleaning/index.js';
import { OLD_REQUEST_COUNTS } from '../platform/request-counts/index.js';
import { TenantsModule } from '../tenants/index.js';
import { AccessGuard } from './access.guard.js';
import { AccessTokens } from './access-token.service.js';
import { AccountsService } from './accounts.service.js';
import { ApiKeysController } from './api-keys/api-keys.controller.js';
import { ApiKeysRepository } from './api-keys/api-keys.repository.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { AuthController } from './auth.controller.js';
import { ForgetStandingWhenAccessChanges } from './forget-standing-when-access-changes.handler.js';
import { GuessLimiter } from './guess-limiter.service.js';
import { Identification } from './identification.service.js';
import { JoiningController } from './joining/joining.controller.js';
import { JoiningService } from './joining/joining.service.js';
import { PasswordHasher } from './password-hasher.service.js';
import { RateLimitGuard } from './rate-limits/rate-limit.guard.js';
import { RateLimitsModule } from './rate-limits/rate-limits.module.js';
import { REFRESH_TOKEN_DAYS } from './refresh-token.rules.js';
import { RouteLabelsService } from './route-labels.service.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';
import { UsersRepository } from './users.repository.js';

/** Accounts, sessions, and the guard before every route. */
@Module({
  imports: [TenantsModule, DiscoveryModule, RateLimitsModule],
  controllers: [AuthController, JoiningController, ApiKeysController],
  providers: [
    AccountsService,
    SessionsService,
    SessionsRepository,
    UsersRepository,
    AccessTokens,
    PasswordHasher,
    GuessLimiter,
    RouteLabelsService,
    ApiKeysService,
    ApiKeysRepository,
    JoiningService,
    Identification,
    ForgetStandingWhenAccessChanges,
    // In this order: whom the first one stops, nobody judges.
    { provide: APP_GUARD, useClass: RateLimitGuard },
    { provide: APP_GUARD, useClass: AccessGuard },
  ],
})
export class AuthApiModule {}

/** Ended sessions are kept for a while, for whoever asks when and why; one that nobody can renew has ended too. */
@Module({
  imports: [
    CleaningModule.forRows(
      OLD_REQUEST_COUNTS,
      { table: 'refresh_tokens', where: 'expires_at < now()' },
      {
        table: 'sessions',
        where: `coalesce(ended_at, last_seen_at + make_interval(days => ${REFRESH_TOKEN_DAYS})) < now() - interval '30 days'`,
      },
    ),
  ],
})
export class AuthSchedulerModule {}
