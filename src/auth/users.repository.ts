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
}

export interface NewUser extends Omit<User, 'id'> {
  readonly passwordHash: string;
}

/** Crossing: a person belongs to no tenant alone, and is looked for before a tenant is known. */
@Injectable()
export class UsersRepository {
  constructor(private readonly dispatcher: DispatcherDatabase) {}

  /** @returns undefined when somebody has the e-mail address already */
  async insert(client: PoolClient, user: NewUser): Promise<User | undefined> {
    const { rows } = await client.query<User>(
      `INSERT INTO users (email, password_hash, name, language) VALUES ($1, $2, $3, $4)
       ON CONFLICT (email) DO NOTHING RETURNING id, email, name, language`,
      [user.email, user.passwordHash, user.name, user.language],
    );
    return rows[0];
  }

  async findByEmail(email: string): Promise<(User & { passwordHash: string }) | undefined> {
    const [user] = await this.dispatcher.query<User & { passwordHash: string }>(
      'SELECT id, email, name, language, password_hash AS "passwordHash" FROM users WHERE email = $1',
      [email],
    );
    return user;
  }

  async findById(userId: UserId): Promise<User | undefined> {
    const [user] = await this.dispatcher.query<User>(
      'SELECT id, email, name, language FROM users WHERE id = $1',
      [userId],
    );
    return user;
  }
}
