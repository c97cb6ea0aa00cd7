import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { OperatorRegistry } from '../../src/auth/index.js';
import { DispatcherDatabase } from '../../src/platform/database/index.js';
import { PASSWORD } from './accounts.js';
import { ApiClient } from './client.js';
import { type TestDatabase } from './database.js';

/** Somebody who runs the installation, and is signed in. */
export interface SignedInOperator {
  readonly client: ApiClient;
  readonly userId: string;
  readonly email: string;
  readonly accessToken: string;
}

/** Makes an operator as the command does, also of a person with an account, and signs in over the API. */
export async function appointOperator(
  { url, database }: { url: string; database: TestDatabase },
  email = `${randomUUID()}@example.org`,
): Promise<SignedInOperator> {
  const pool = new pg.Pool({ connectionString: database.urls.dispatcher, max: 1 });
  try {
    await pool.query('UPDATE users SET email_confirmed_at = now() WHERE email = $1', [email]);
    const registry = new OperatorRegistry(new DispatcherDatabase(pool));
    await registry.appoint({ email, name: 'Ops' }, () => Promise.resolve(PASSWORD));
  } finally {
    await pool.end();
  }
  return signInOperator(url, email);
}

export async function signInOperator(url: string, email: string): Promise<SignedInOperator> {
  const answer = await new ApiClient(url).post<{ accessToken: string; user: { id: string } }>(
    '/operator/sign-in',
    { email, password: PASSWORD },
  );
  if (answer.status !== 200) throw new Error(`Signing in failed: ${JSON.stringify(answer.body)}`);
  const { accessToken, user } = answer.body;
  return { client: new ApiClient(url, accessToken), userId: user.id, email, accessToken };
}
