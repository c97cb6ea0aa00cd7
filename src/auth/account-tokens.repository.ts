import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { randomSecret, sha256 } from '../platform/crypto/index.js';
import { DispatcherDatabase } from '../platform/database/index.js';
import { type TenantId, type UserId } from '../platform/identity/index.js';

/** Hours that a token of each purpose lives. */
const LIFE_HOURS = { confirm_email: 48, reset_password: 1, finish_sign_in: 5 / 60 } as const;
export type AccountTokenPurpose = keyof typeof LIFE_HOURS;

/** What a token proves a step of. */
export interface AccountToken {
  readonly userId: UserId;
  /** The address that it was mailed to. */
  readonly email: string | null;
  readonly wantedTenantId: TenantId | null;
  /** Of the person when their password began a sign-in. */
  readonly credentialVersion: number | null;
}

const COLUMNS = `user_id AS "userId", email, wanted_tenant_id AS "wantedTenantId",
  credential_version AS "credentialVersion"`;

/** Single-use tokens of people, stored by their hash. Crossing: they come alone, before a tenant is known. */
@Injectable()
export class AccountTokensRepository {
  constructor(private readonly dispatcher: DispatcherDatabase) {}

  /** @returns the token itself, which is nowhere else */
  async issue(
    client: PoolClient,
    purpose: AccountTokenPurpose,
    {
      userId,
      email,
      wantedTenantId,
      credentialVersion,
    }: Pick<AccountToken, 'userId'> & Partial<AccountToken>,
  ): Promise<string> {
    const token = randomSecret();
    await client.query(
      `INSERT INTO account_tokens (token_hash, user_id, purpose, email, wanted_tenant_id, credential_version, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7::float8 * 3600))`,
      [
        sha256(token),
        userId,
        purpose,
        email ?? null,
        wantedTenantId ?? null,
        credentialVersion ?? null,
        LIFE_HOURS[purpose],
      ],
    );
    return token;
  }

  async find(purpose: AccountTokenPurpose, token: string): Promise<AccountToken | undefined> {
    const [found] = await this.dispatcher.query<AccountToken>(
      `SELECT ${COLUMNS} FROM account_tokens WHERE token_hash = $1 AND purpose = $2 AND expires_at > now()`,
      [sha256(token), purpose],
    );
    return found;
  }

  /** Uses it up: of several at once, one gets it. */
  async take(
    client: PoolClient,
    purpose: AccountTokenPurpose,
    token: string,
  ): Promise<AccountToken | undefined> {
    const { rows } = await client.query<AccountToken>(
      `DELETE FROM account_tokens WHERE token_hash = $1 AND purpose = $2 AND expires_at > now() RETURNING ${COLUMNS}`,
      [sha256(token), purpose],
    );
    return rows[0];
  }

  /** What was given to a person before opens nothing any more, but for the confirmation of their present address. */
  async revokeAllOf(client: PoolClient, userId: UserId): Promise<void> {
    await client.query(
      `DELETE FROM account_tokens USING users WHERE users.id = $1 AND user_id = $1
         AND NOT (purpose = 'confirm_email' AND account_tokens.email = users.email)`,
      [userId],
    );
  }
}
