import { Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { CleaningModule } from '../platform/cleaning/index.js';
import { TenantsModule } from '../tenants/index.js';
import { AccessGuard } from './access.guard.js';
import { AccessTokens } from './access-token.service.js';
import { AccountMails } from './account-mails/account-mails.service.js';
import { AccountTokensRepository } from './account-tokens.repository.js';
import { AccountsService } from './accounts.service.js';
import { AuthController } from './auth.controller.js';
import { BrowserAccess } from './browser/browser-access.service.js';
import { DocumentationAccessController } from './browser/documentation-access.controller.js';
import { EmailsController } from './emails/emails.controller.js';
import { EmailsService } from './emails/emails.service.js';
import { GuessCountsRepository } from './guessing/guess-counts.repository.js';
import { GuessLimiter } from './guessing/guess-limiter.service.js';
import { OperatorSessions } from './operators/operator-sessions.service.js';
import { OperatorsController } from './operators/operators.controller.js';
import { OperatorsRepository } from './operators/operators.repository.js';
import { PasswordHasher } from './passwords/password-hasher.service.js';
import { PasswordProof } from './passwords/password-proof.service.js';
import { PasswordsController } from './passwords/passwords.controller.js';
import { PasswordsService } from './passwords/passwords.service.js';
import { REFRESH_TOKEN_DAYS } from './refresh-token.rules.js';
import { RouteLabelsService } from './route-labels.service.js';
import { SecondFactorController } from './second-factor/second-factor.controller.js';
import { SecondFactorService } from './second-factor/second-factor.service.js';
import { SecondFactorsRepository } from './second-factor/second-factors.repository.js';
import { SessionsController } from './sessions/sessions.controller.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';
import { SupportAccessController } from './support/support-access.controller.js';
import { SupportAccess } from './support/support-access.service.js';
import { SupportAccessesRepository } from './support/support-accesses.repository.js';
import { SupportLooksController } from './support/support-looks.controller.js';
import { UsersRepository } from './users.repository.js';

/** Accounts, sessions, and the guard before every route. */
@Module({
  imports: [TenantsModule, DiscoveryModule],
  controllers: [
    AuthController,
    OperatorsController,
    DocumentationAccessController,
    SupportAccessController,
    SupportLooksController,
    EmailsController,
    PasswordsController,
    SecondFactorController,
    SessionsController,
  ],
  providers: [
    AccountsService,
    SessionsService,
    SessionsRepository,
    UsersRepository,
    AccessTokens,
    AccountMails,
    AccountTokensRepository,
    EmailsService,
    PasswordsService,
    PasswordProof,
    PasswordHasher,
    SecondFactorService,
    SecondFactorsRepository,
    GuessLimiter,
    BrowserAccess,
    OperatorSessions,
    OperatorsRepository,
    SupportAccess,
    SupportAccessesRepository,
    GuessCountsRepository,
    RouteLabelsService,
    { provide: APP_GUARD, useClass: AccessGuard },
  ],
  exports: [BrowserAccess],
})
export class AuthApiModule {}

/** Ended sessions are kept for a while, for whoever asks when and why; one that nobody can renew has ended too. */
@Module({
  imports: [
    CleaningModule.forRows(
      { table: 'refresh_tokens', where: 'expires_at < now()' },
      { table: 'operator_sessions', where: `expires_at < now() - interval '30 days'` },
      { table: 'account_tokens', where: 'expires_at < now()' },
      {
        table: 'sessions',
        where: `coalesce(ended_at, last_seen_at + make_interval(days => ${REFRESH_TOKEN_DAYS})) < now() - interval '30 days'`,
      },
    ),
  ],
})
export class AuthSchedulerModule {}
