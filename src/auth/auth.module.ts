import { Global, Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { Reauthentication } from '../platform/access/index.js';
import { CleaningModule } from '../platform/cleaning/index.js';
import { OLD_REQUEST_COUNTS } from '../platform/request-counts/index.js';
import { TenantsModule } from '../tenants/index.js';
import { AccessGuard } from './access.guard.js';
import { ActorStanding } from './actor-standing.service.js';
import { AccessTokens } from './access-token.service.js';
import { AccountMails } from './account-mails/account-mails.service.js';
import { AccountTokensRepository } from './account-tokens.repository.js';
import { AccountsService } from './accounts.service.js';
import { ApiKeysController } from './api-keys/api-keys.controller.js';
import { ApiKeysRepository } from './api-keys/api-keys.repository.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { AuthController } from './auth.controller.js';
import { BrowserAccess } from './browser/browser-access.service.js';
import { DesertedAccountsCleaning } from './deserted-accounts.cleaning.js';
import { DocumentationAccessController } from './browser/documentation-access.controller.js';
import { ForgetStandingWhenAccessChanges } from './forget-standing-when-access-changes.handler.js';
import { Identification } from './identification.service.js';
import { JoiningController } from './joining/joining.controller.js';
import { JoiningService } from './joining/joining.service.js';
import { RateLimitGuard } from './rate-limits/rate-limit.guard.js';
import { RateLimitsModule } from './rate-limits/rate-limits.module.js';
import { EmailsController } from './emails/emails.controller.js';
import { EmailsService } from './emails/emails.service.js';
import { GuessCountsRepository } from './guessing/guess-counts.repository.js';
import { GuessLimiter } from './guessing/guess-limiter.service.js';
import { OperatorAccess } from './operators/operator-access.service.js';
import { OperatorSessions } from './operators/operator-sessions.service.js';
import { OperatorsController } from './operators/operators.controller.js';
import { OperatorsRepository } from './operators/operators.repository.js';
import { PasswordHasher } from './passwords/password-hasher.service.js';
import { PasswordProof } from './passwords/password-proof.service.js';
import { PasswordsController } from './passwords/passwords.controller.js';
import { PasswordsService } from './passwords/passwords.service.js';
import { REFRESH_TOKEN_DAYS } from './refresh-token.rules.js';
import { RouteLabelsService } from './route-labels.service.js';
import { AccountReauthentication } from './second-factor/account-reauthentication.service.js';
import { SecondFactorController } from './second-factor/second-factor.controller.js';
import { SecondFactorService } from './second-factor/second-factor.service.js';
import { SecondFactorsRepository } from './second-factor/second-factors.repository.js';
import { SessionsController } from './sessions/sessions.controller.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';
import { PendingSignUpsRepository } from './signing-up/pending-sign-ups.repository.js';
import { SigningUpController } from './signing-up/signing-up.controller.js';
import { SigningUpService } from './signing-up/signing-up.service.js';
import { SupportAccessController } from './support/support-access.controller.js';
import { SupportAccess } from './support/support-access.service.js';
import { SupportAccessesRepository } from './support/support-accesses.repository.js';
import { SupportLooksController } from './support/support-looks.controller.js';
import { UsersRepository } from './users.repository.js';

/** Accounts, sessions, and the guard before every route. Global: rooms on either side ask for a password once more. */
@Global()
@Module({
  imports: [TenantsModule, DiscoveryModule, RateLimitsModule],
  controllers: [
    SigningUpController,
    AuthController,
    OperatorsController,
    DocumentationAccessController,
    SupportAccessController,
    SupportLooksController,
    EmailsController,
    PasswordsController,
    SecondFactorController,
    SessionsController,
    JoiningController,
    ApiKeysController,
  ],
  providers: [
    AccountsService,
    SigningUpService,
    PendingSignUpsRepository,
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
    AccountReauthentication,
    { provide: Reauthentication, useExisting: AccountReauthentication },
    GuessLimiter,
    BrowserAccess,
    OperatorSessions,
    OperatorAccess,
    OperatorsRepository,
    SupportAccess,
    SupportAccessesRepository,
    GuessCountsRepository,
    RouteLabelsService,
    ApiKeysService,
    ApiKeysRepository,
    JoiningService,
    Identification,
    ActorStanding,
    ForgetStandingWhenAccessChanges,
    // In this order: whom the first one stops, nobody judges.
    { provide: APP_GUARD, useClass: RateLimitGuard },
    { provide: APP_GUARD, useClass: AccessGuard },
  ],
  exports: [BrowserAccess, ActorStanding, Reauthentication],
})
export class AuthApiModule {}

/** Ended sessions are kept for a while, for whoever asks when and why; one that nobody can renew has ended too. */
@Module({
  imports: [
    CleaningModule.forRows(
      OLD_REQUEST_COUNTS,
      { table: 'refresh_tokens', where: 'expires_at < now()' },
      { table: 'operator_sessions', where: `expires_at < now() - interval '30 days'` },
      { table: 'account_tokens', where: 'expires_at < now()' },
      { table: 'pending_sign_ups', where: 'expires_at < now()' },
      {
        table: 'sessions',
        where: `coalesce(ended_at, last_seen_at + make_interval(days => ${REFRESH_TOKEN_DAYS})) < now() - interval '30 days'`,
      },
    ),
  ],
  providers: [DesertedAccountsCleaning, AccountMails],
})
export class AuthSchedulerModule {}
