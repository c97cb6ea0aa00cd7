import { asTenantId, asUserId } from '../../platform/identity/index.js';
import { requestKeyOf } from './rate-limit.rules.js';

describe('requestKeyOf', () => {
  const tenantId = asTenantId('t');
  const person = (sessionId: string) =>
    ({ tenantId, role: 'viewer', actor: { kind: 'member', userId: asUserId('u'), sessionId } }) as const;

  it('counts for a person in a tenant, whatever the session and the network', () => {
    expect(requestKeyOf(person('s'), '10.0.0.1')).toBe('tenant/t/person/u');
    expect(requestKeyOf(person('other'), '10.0.0.2')).toBe('tenant/t/person/u');
  });

  it('counts for each key of a program by itself', () => {
    const caller = { tenantId, role: 'admin', actor: { kind: 'api_key', apiKeyId: 'k' } } as const;
    expect(requestKeyOf(caller, '10.0.0.1')).toBe('tenant/t/api-key/k');
  });

  it('counts for the network of somebody unknown', () => {
    expect(requestKeyOf(undefined, '10.0.0.1')).toBe('network/10.0.0.1');
    expect(requestKeyOf(undefined, '2001:db8:1:2:3:4:5:6')).toBe('network/2001:db8:1:2::/64');
  });
});
