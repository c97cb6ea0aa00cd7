import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { randomSecret, sha256 } from '../../platform/crypto/index.js';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { type SignUp } from './signing-up.dto.js';

/** What somebody gave who has not shown yet that the address is theirs. */
export interface PendingSignUp extends Pick<
  SignUp,
  'email' | 'name' | 'tenantName' | 'language' | 'timeZone'
> {
  readonly passwordHash: string;
}

/** Of the link; the mail says so too. */
const LIFE_HOURS = 48;

const COLUMNS = `email, password_hash AS "passwordHash", name, tenant_name AS "tenantName", language,
  time_zone AS "timeZone"`;

/** One for each address, found by the hash of its token. Crossing: there is no tenant yet. */
@Injectable()
export class PendingSignUpsRepository {
  constructor(private readonly dispatcher: DispatcherDatabase) {}

  /** In place of what was pending for the address. @returns the token, which is nowhere else */
  async put(signUp: PendingSignUp): Promise<string> {
    const token = randomSecret();
    await this.dispatcher.query(
      `INSERT INTO pending_sign_ups
         (email, token_hash, password_hash, name, tenant_name, language, time_zone, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(hours => $8))
       ON CONFLICT (email) DO UPDATE SET (token_hash, password_hash, name, tenant_name, language, time_zone, expires_at)
         = (excluded.token_hash, excluded.password_hash, excluded.name, excluded.tenant_name, excluded.language,
            excluded.time_zone, excluded.expires_at)`,
      [
        signUp.email,
        sha256(token),
        signUp.passwordHash,
        signUp.name,
        signUp.tenantName,
        signUp.language,
        signUp.timeZone,
        LIFE_HOURS,
      ],
    );
    return token;
  }

  async find(token: string): Promise<PendingSignUp | undefined> {
    const [found] = await this.dispatcher.query<PendingSignUp>(
      `SELECT ${COLUMNS} FROM pending_sign_ups WHERE token_hash = $1 AND expires_at > now()`,
      [sha256(token)],
    );
    return found;
  }

  /** Uses it up: of several at once, one gets it. */
  async take(client: PoolClient, token: string): Promise<PendingSignUp | undefined> {
    const { rows } = await client.query<PendingSignUp>(
      `DELETE FROM pending_sign_ups WHERE token_hash = $1 AND expires_at > now() RETURNING ${COLUMNS}`,
      [sha256(token)],
    );
    return rows[0];
  }
}
