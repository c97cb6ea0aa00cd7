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
}

export interface NewUser extends Omit<User, 'id' | 'emailConfirmedAt'> {
  readonly passwordHash: string;
}

/** A person with what proves that it is them. */
export interface UserWithSecrets extends User {
  readonly passwordHash: string;
  readonly hasSecondFactor: boolean;
}

const USER_COLUMNS = `users.id, users.email, users.name, users.language, users.email_confirmed_at AS "emailConfirmedAt"`;
const SECRET_COLUMNS = `${USER_COLUMNS}, users.password_hash AS "passwordHash",
  EXISTS (SELECT FROM second_factors WHERE user_id = users.id AND confirmed_at IS NOT NULL) AS "hasSecondFactor"`;

/** Crossing: a person belongs to no tenant alone, and is looked for before a tenant is known. */
@Injectable()
export class UsersRepository {
  constructor(private readonly dispatcher: DispatcherDatabase) {}

  /** @returns undefined when somebody has the e-mail address already */
  async insert(client: PoolClient, user: NewUser): Promise<User | undefined> {
    const { rows } = await client.query<User>(
      `INSERT INTO users (email, password_hash, name, language) VALUES ($1, $2, $3, $4)
       ON CONFLICT (email) DO NOTHING RETURNING ${USER_COLUMNS}`,
      [user.email, user.passwordHash, user.name, user.language],
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

  async setPassword(client: PoolClient, userId: UserId, passwordHash: string): Promise<void> {
    await client.query('UPDATE users SET password_hash = $2 WHERE id = $1', [userId, passwordHash]);
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
