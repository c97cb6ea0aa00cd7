import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { DispatcherDatabase } from '../platform/database/index.js';
import { type UserId } from '../platform/identity/index.js';
import { type Language } from '../tenants/index.js';

export interface User {
  readonly id: UserId;
  readonly email: string;
  readonly name: string;
  readonly language: Language;
  /** Null until a link that was mailed to the address came back. */
  readonly emailConfirmedAt: Date | null;
  /** Grows with whatever ends the person's sessions or changes what proves that it is them. */
  readonly credentialVersion: number;
}

/** Who was proven to be there, as they were at that moment. */
export type ProvenUser = Pick<User, 'id' | 'credentialVersion'>;

export interface NewUser extends Omit<User, 'id' | 'emailConfirmedAt' | 'credentialVersion'> {
  readonly passwordHash: string;
  /** Where the address was proven before there was an account. */
  readonly isEmailConfirmed?: boolean;
}

/** A person with what proves that it is them. */
export interface UserWithSecrets extends User {
  readonly passwordHash: string;
  readonly hasSecondFactor: boolean;
}

const USER_COLUMNS = `users.id, users.email, users.name, users.language, users.email_confirmed_at AS "emailConfirmedAt",
  users.credential_version AS "credentialVersion"`;
const SECRET_COLUMNS = `${USER_COLUMNS}, users.password_hash AS "passwordHash",
  EXISTS (SELECT FROM second_factors WHERE user_id = users.id AND confirmed_at IS NOT NULL) AS "hasSecondFactor"`;

/** Crossing: a person belongs to no tenant alone, and is looked for before a tenant is known. */
@Injectable()
export class UsersRepository {
  constructor(private readonly dispatcher: DispatcherDatabase) {}

  /** @returns undefined when somebody has the e-mail address already */
  async insert(client: PoolClient, user: NewUser): Promise<User | undefined> {
    const { rows } = await client.query<User>(
      `INSERT INTO users (email, password_hash, name, language, email_confirmed_at)
       VALUES ($1, $2, $3, $4, CASE WHEN $5 THEN now() END)
       ON CONFLICT (email) DO NOTHING RETURNING ${USER_COLUMNS}`,
      [user.email, user.passwordHash, user.name, user.language, user.isEmailConfirmed ?? false],
    );
    return rows[0];
  }

  async findByEmail(email: string): Promise<UserWithSecrets | undefined> {
    const [user] = await this.dispatcher.query<UserWithSecrets>(
      `SELECT ${SECRET_COLUMNS} FROM users WHERE email = $1`,
      [email],
    );
    return user;
  }

  async findById(userId: UserId): Promise<UserWithSecrets | undefined> {
    const [user] = await this.dispatcher.query<UserWithSecrets>(
      `SELECT ${SECRET_COLUMNS} FROM users WHERE id = $1`,
      [userId],
    );
    return user;
  }

  /** @returns whether the address was proven theirs before; undefined when they are gone or have another one */
  async setPassword(
    client: PoolClient,
    userId: UserId,
    email: string,
    passwordHash: string,
  ): Promise<{ isEmailConfirmed: boolean } | undefined> {
    const { rows } = await client.query<{ isEmailConfirmed: boolean }>(
      `UPDATE users SET password_hash = $3 WHERE id = $1 AND email = $2
       RETURNING email_confirmed_at IS NOT NULL AS "isEmailConfirmed"`,
      [userId, email, passwordHash],
    );
    return rows[0];
  }

  /** @returns false where what was proven of the person doesn't hold any more */
  async replacePassword(
    client: PoolClient,
    { id, credentialVersion }: ProvenUser,
    passwordHash: string,
  ): Promise<boolean> {
    const { rowCount } = await client.query(
      'UPDATE users SET password_hash = $3 WHERE id = $1 AND credential_version = $2',
      [id, credentialVersion, passwordHash],
    );
    return rowCount === 1;
  }

  /**
   * Claims that what was proven of the person still holds, and keeps it so until the transaction ends: whoever resets
   * their password meanwhile waits, and then finds what was opened here.
   */
  async lockUnchanged(client: PoolClient, { id, credentialVersion }: ProvenUser): Promise<boolean> {
    const { rowCount } = await client.query(
      'SELECT FROM users WHERE id = $1 AND credential_version = $2 FOR SHARE',
      [id, credentialVersion],
    );
    return rowCount === 1;
  }

  /** Keeps the person's credentials as they are until the transaction ends. */
  async lock(client: PoolClient, userId: UserId): Promise<void> {
    await client.query('SELECT FROM users WHERE id = $1 FOR SHARE', [userId]);
  }

  /** Whether they belong to no tenant any more. Operators never need one. */
  async isDeserted(userId: UserId): Promise<boolean> {
    const [row] = await this.dispatcher.query<{ isDeserted: boolean }>(
      `SELECT NOT EXISTS (SELECT FROM members WHERE user_id = $1)
         AND NOT EXISTS (SELECT FROM operators WHERE user_id = $1) AS "isDeserted"`,
      [userId],
    );
    return row?.isDeserted ?? false;
  }

  /**
   * Claims that what was proven of the person still holds and that they belong to no tenant. Nobody makes them a member,
   * and nobody deletes them, until the transaction ends.
   */
  async lockWithoutTenant(client: PoolClient, { id, credentialVersion }: ProvenUser): Promise<boolean> {
    const { rowCount } = await client.query(
      'SELECT FROM users WHERE id = $1 AND credential_version = $2 FOR UPDATE',
      [id, credentialVersion],
    );
    // A statement of its own: what was committed while the row was waited for is seen.
    const { rows } = await client.query('SELECT FROM members WHERE user_id = $1 LIMIT 1', [id]);
    return rowCount === 1 && rows.length === 0;
  }

  /** What was proven of the person until now opens nothing any more, also what is under way. */
  async outdateProofs(client: PoolClient, userId: UserId): Promise<void> {
    await client.query('UPDATE users SET credential_version = credential_version + 1 WHERE id = $1', [
      userId,
    ]);
  }

  /** As {@link outdateProofs}, by this proof. @returns false where it doesn't hold any more itself */
  async outdateOtherProofs(client: PoolClient, { id, credentialVersion }: ProvenUser): Promise<boolean> {
    const { rowCount } = await client.query(
      `UPDATE users SET credential_version = credential_version + 1
       WHERE id = $1 AND credential_version = $2`,
      [id, credentialVersion],
    );
    return rowCount === 1;
  }

  async confirmEmail(client: PoolClient, userId: UserId): Promise<void> {
    await client.query(
      'UPDATE users SET email_confirmed_at = coalesce(email_confirmed_at, now()) WHERE id = $1',
      [userId],
    );
  }

  /** @returns the person as they were before; undefined when they are gone. @throws DatabaseError 23505 when the address is taken */
  async moveToEmail(client: PoolClient, userId: UserId, email: string): Promise<User | undefined> {
    const { rows } = await client.query<User>(
      `WITH before AS (SELECT ${USER_COLUMNS} FROM users WHERE id = $1 FOR UPDATE),
         moved AS (UPDATE users SET email = $2, email_confirmed_at = now() FROM before WHERE users.id = before.id)
       SELECT * FROM before`,
      [userId, email],
    );
    return rows[0];
  }
}
