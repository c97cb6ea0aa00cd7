import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { type UserId } from '../../platform/identity/index.js';
import { type ProvenUser } from '../users.repository.js';

export interface OperatorRow {
  readonly email: string;
  readonly name: string;
  readonly since: Date;
}

/** Crossing: operators belong to no tenant. */
@Injectable()
export class OperatorsRepository {
  constructor(private readonly dispatcher: DispatcherDatabase) {}

  findAll(): Promise<OperatorRow[]> {
    return this.dispatcher.query<OperatorRow>(
      `SELECT users.email, users.name, operators.created_at AS since
         FROM operators JOIN users ON users.id = operators.user_id ORDER BY users.email`,
    );
  }

  /** @returns false where the person is one already */
  async insert(client: PoolClient, userId: UserId): Promise<boolean> {
    const { rowCount } = await client.query(
      'INSERT INTO operators (user_id) VALUES ($1) ON CONFLICT (user_id) DO NOTHING',
      [userId],
    );
    return rowCount === 1;
  }

  /** Their sessions go with it. @returns undefined where the person is none */
  async delete(client: PoolClient, email: string): Promise<UserId | undefined> {
    const { rows } = await client.query<{ userId: UserId }>(
      `DELETE FROM operators USING users
        WHERE users.id = operators.user_id AND users.email = $1 RETURNING operators.user_id AS "userId"`,
      [email],
    );
    return rows[0]?.userId;
  }

  /** @returns undefined where the person is no operator, or what they showed doesn't hold any more */
  async insertSession(
    { id, credentialVersion }: ProvenUser,
    seconds: number,
  ): Promise<{ id: string; expiresAt: Date } | undefined> {
    const [session] = await this.dispatcher.query<{ id: string; expiresAt: Date }>(
      `INSERT INTO operator_sessions (user_id, expires_at)
       SELECT operators.user_id, now() + make_interval(secs => $2)
         FROM operators JOIN users ON users.id = operators.user_id
        WHERE users.id = $1 AND users.credential_version = $3 FOR SHARE OF users
       RETURNING id, expires_at AS "expiresAt"`,
      [id, seconds, credentialVersion],
    );
    return session;
  }

  async isSessionOpen(sessionId: string, userId: UserId): Promise<boolean> {
    const rows = await this.dispatcher.query(
      `SELECT FROM operator_sessions WHERE id = $1 AND user_id = $2 AND ended_at IS NULL AND expires_at > now()`,
      [sessionId, userId],
    );
    return rows.length > 0;
  }

  async endSession(client: PoolClient, sessionId: string): Promise<void> {
    await client.query('UPDATE operator_sessions SET ended_at = now() WHERE id = $1 AND ended_at IS NULL', [
      sessionId,
    ]);
  }

  async endSessionsOf(client: PoolClient, userId: UserId): Promise<void> {
    await client.query(
      'UPDATE operator_sessions SET ended_at = now() WHERE user_id = $1 AND ended_at IS NULL',
      [userId],
    );
  }
}
