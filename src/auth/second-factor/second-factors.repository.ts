import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { type UserId } from '../../platform/identity/index.js';

export interface SecondFactor {
  readonly secretCiphertext: Buffer;
  readonly isConfirmed: boolean;
  readonly lastStep: number;
}

/** Crossing: a second factor belongs to a person, whatever tenant they act in. */
@Injectable()
export class SecondFactorsRepository {
  constructor(private readonly dispatcher: DispatcherDatabase) {}

  /** Takes the place of one that was set up and never confirmed. @returns false where a confirmed one stands */
  async insertUnconfirmed(userId: UserId, secretCiphertext: Buffer): Promise<boolean> {
    const rows = await this.dispatcher.query(
      `INSERT INTO second_factors (user_id, secret_ciphertext) VALUES ($1, $2)
       ON CONFLICT (user_id) DO UPDATE SET secret_ciphertext = excluded.secret_ciphertext, last_step = 0
         WHERE second_factors.confirmed_at IS NULL
       RETURNING user_id`,
      [userId, secretCiphertext],
    );
    return rows.length === 1;
  }

  /** Whoever shows a code meanwhile waits until this transaction ends, and then sees it used. */
  async lock(client: PoolClient, userId: UserId): Promise<SecondFactor | undefined> {
    const { rows } = await client.query<SecondFactor>(
      `SELECT secret_ciphertext AS "secretCiphertext", confirmed_at IS NOT NULL AS "isConfirmed",
         last_step::float8 AS "lastStep" FROM second_factors WHERE user_id = $1 FOR UPDATE`,
      [userId],
    );
    return rows[0];
  }

  async saveStep(client: PoolClient, userId: UserId, step: number): Promise<void> {
    await client.query('UPDATE second_factors SET last_step = $2 WHERE user_id = $1', [userId, step]);
  }

  async confirm(client: PoolClient, userId: UserId): Promise<void> {
    await client.query('UPDATE second_factors SET confirmed_at = now() WHERE user_id = $1', [userId]);
  }

  async delete(client: PoolClient, userId: UserId): Promise<void> {
    await client.query('DELETE FROM second_factors WHERE user_id = $1', [userId]);
  }

  async replaceRecoveryCodes(
    client: PoolClient,
    userId: UserId,
    codeHashes: readonly Buffer[],
  ): Promise<void> {
    await client.query('DELETE FROM recovery_codes WHERE user_id = $1', [userId]);
    await client.query('INSERT INTO recovery_codes (user_id, code_hash) SELECT $1, unnest($2::bytea[])', [
      userId,
      codeHashes,
    ]);
  }

  /** @returns false where there is none such, or it was used */
  async useRecoveryCode(client: PoolClient, userId: UserId, codeHash: Buffer): Promise<boolean> {
    const { rowCount } = await client.query(
      'UPDATE recovery_codes SET used_at = now() WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL',
      [userId, codeHash],
    );
    return rowCount === 1;
  }

  async countRecoveryCodes(userId: UserId): Promise<number> {
    const [row] = await this.dispatcher.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL',
      [userId],
    );
    return row?.count ?? 0;
  }
}
