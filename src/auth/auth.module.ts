import { Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { TenantsModule } from '../tenants/index.js';
import { AccessGuard } from './access.guard.js';
import { AccessTokens } from './access-token.service.js';
import { AccountsService } from './accounts.service.js';
import { AuthController } from './auth.controller.js';
import { GuessLimiter } from './guess-limiter.service.js';
import { PasswordHasher } from './password-hasher.service.js';
import { RouteLabelsService } from './route-labels.service.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';
import { UsersRepository } from './users.repository.js';

/** Accounts, sessions, and the guard before every route. */
@Module({
  imports: [TenantsModule, DiscoveryModule],
  controllers: [AuthController],
  providers: [
    AccountsService,
    SessionsService,
    SessionsRepository,
    UsersRepository,
    AccessTokens,
    PasswordHasher,
    GuessLimiter,
    RouteLabelsService,
    { provide: APP_GUARD, useClass: AccessGuard },
  ],
})
export class AuthApiModule {}
