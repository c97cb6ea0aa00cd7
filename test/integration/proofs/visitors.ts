import { type ApiClient } from '../../harness/client.js';
import { appointOperator } from '../../harness/operators.js';
import { type HostileScene } from '../security/hostile-scene.js';
import { operations } from '../security/operations.js';

/** Keys of ana's, by what they may. */
export interface ApiKeys {
  readonly ofAllScopes: string;
  readonly ofScope: (scope: string) => string;
  readonly withoutScope: (scope: string) => string;
}

/** Who knocks beside ana's people: each may less than they, or nothing any more. */
export interface Visitors {
  /** Of a tenant that is suspended: a person's token and a program's key. */
  readonly suspended: Readonly<Record<string, string>>;
  /** Good once and over now, by what became of them. */
  readonly over: Readonly<Record<string, string>>;
  /** Of an operator who looks into ana's tenant: as a viewer, and not for any of its members. */
  readonly support: string;
}

const SCOPES = [...new Set(operations.flatMap(({ scope }) => scope ?? []))];

/** Each is what it is by the API itself, but for a key that expired: nobody waits for that. */
export async function inviteVisitors({ ana, application, bots, operator }: HostileScene): Promise<Visitors> {
  const suspended = await bots.signUp('suspended');
  const ofSuspended = await makeKey(suspended, 'suspended', SCOPES);
  await must(operator.client, `/operator/tenants/${suspended.tenantId}/suspend`, {
    reason: 'Unpaid since May',
  });
  const [expired, deleted] = [await makeKey(ana, 'expired', SCOPES), await makeKey(ana, 'deleted', SCOPES)];
  await bots.look(`UPDATE api_keys SET expires_at = now() - interval '1 minute' WHERE id = $1`, [expired.id]);
  await ana.client.delete(`/api-keys/${deleted.id}`);
  const signedOut = await bots.signUp('signed out');
  await must(signedOut.client, '/auth/sign-out');
  const helper = await appointOperator(application);
  const look = () =>
    must<{ id: string; accessToken: string }>(
      helper.client,
      `/operator/tenants/${ana.tenantId}/support-accesses`,
      { reason: 'Ticket 4711', minutes: 60 },
    );
  const [support, ended] = [await look(), await look()];
  await must(ana.client, `/tenant/support-accesses/${ended.id}/end`);
  const gone = await appointOperator(application);
  await must(gone.client, '/operator/sign-out');
  return {
    suspended: { suspended: suspended.accessToken, 'suspended, with a key': ofSuspended.key },
    over: {
      'expired key': expired.key,
      'deleted key': deleted.key,
      'signed out': signedOut.accessToken,
      'support that ended': ended.accessToken,
      'operator who signed out': gone.accessToken,
    },
    support: support.accessToken,
  };
}

/** A key for each scope alone, one for all others, and one for everything. */
export async function makeKeys(ana: { client: ApiClient }): Promise<ApiKeys> {
  const [only, allBut] = [new Map<string, string>(), new Map<string, string>()];
  for (const scope of SCOPES) {
    const others = SCOPES.filter((one) => one !== scope);
    only.set(scope, (await makeKey(ana, `only ${scope}`, [scope])).key);
    allBut.set(scope, (await makeKey(ana, `all but ${scope}`, others)).key);
  }
  return {
    ofAllScopes: (await makeKey(ana, 'all', SCOPES)).key,
    ofScope: (scope) => only.get(scope) ?? '',
    withoutScope: (scope) => allBut.get(scope) ?? '',
  };
}

function makeKey(
  { client }: { client: ApiClient },
  name: string,
  scopes: readonly string[],
): Promise<{ id: string; key: string }> {
  return must(client, '/api-keys', { name, scopes });
}

/** @throws Error unless it is done: a visitor who could still get in would prove nothing */
async function must<Body>(client: ApiClient, path: string, body?: unknown): Promise<Body> {
  const answer = await client.post<Body>(path, body);
  if (answer.status >= 300) throw new Error(`POST ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}
