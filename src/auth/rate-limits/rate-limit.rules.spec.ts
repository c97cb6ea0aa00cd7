import { asTenantId, asUserId } from '../../platform/identity/index.js';
import { requestKeyOf, tenantKeyOf } from './rate-limit.rules.js';

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

  it('counts for an operator, at the installation and in a tenant', () => {
    const userId = asUserId('o');
    const look = {
      tenantId,
      role: 'viewer',
      actor: { kind: 'operator', userId, supportAccessId: 's' },
    } as const;
    expect(requestKeyOf({ userId, sessionId: 's' }, '10.0.0.1')).toBe('operator/o');
    expect(requestKeyOf(look, '10.0.0.1')).toBe('operator/o');
    expect(tenantKeyOf(look)).toBeUndefined();
  });

  it('counts for the tenant of a person or a program as well', () => {
    expect(tenantKeyOf(person('s'))).toBe('tenant/t');
  });

  it('counts for the network of somebody unknown', () => {
    expect(requestKeyOf(undefined, '10.0.0.1')).toBe('network/10.0.0.1');
    expect(requestKeyOf(undefined, '2001:db8:1:2:3:4:5:6')).toBe('network/2001:db8:1:2::/64');
  });
});
