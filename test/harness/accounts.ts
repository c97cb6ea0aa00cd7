import { randomUUID } from 'node:crypto';
import { asTenantId, type TenantId } from '../../src/platform/identity/index.js';
import { ApiClient } from './client.js';

export const PASSWORD = 'correct horse battery';

/** A tenant that signed up over the API, and its owner's client. */
export interface SignedUpTenant {
  readonly client: ApiClient;
  readonly tenantId: TenantId;
  readonly userId: string;
  readonly email: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

interface SignedInBody {
  accessToken: string;
  refreshToken: string;
  user: { id: string };
  tenant: { id: string };
}

/** Signs up a tenant with an owner of its own. */
export async function signUpTenant(url: string, tenantName = 'Acme Clinics'): Promise<SignedUpTenant> {
  const email = `${randomUUID()}@example.org`;
  const answer = await new ApiClient(url).post<SignedInBody>('/auth/sign-up', {
    email,
    password: PASSWORD,
    name: 'Ana',
    tenantName,
  });
  if (answer.status !== 201) throw new Error(`Sign-up failed: ${JSON.stringify(answer.body)}`);
  const { accessToken, refreshToken, user, tenant } = answer.body;
  return {
    client: new ApiClient(url, accessToken),
    tenantId: asTenantId(tenant.id),
    userId: user.id,
    email,
    accessToken,
    refreshToken,
  };
}
