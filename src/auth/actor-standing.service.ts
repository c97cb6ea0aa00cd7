import { Injectable } from '@nestjs/common';
import { type AccessLabel } from '../platform/access/index.js';
import { type Actor, type TenantId } from '../platform/identity/index.js';
import { judgeAccess } from './access.rules.js';
import { Identification } from './identification.service.js';

/** For doors that were opened once and stay open: whether whoever came in would still be let in. */
@Injectable()
export class ActorStanding {
  constructor(private readonly identification: Identification) {}

  /** Not so where the session or key is over, lost its role or scope, or the tenant is suspended or gone. */
  async isAllowed(
    tenantId: TenantId,
    actor: Actor,
    label: Extract<AccessLabel, { kind: 'member' }>,
  ): Promise<boolean> {
    return judgeAccess(label, await this.identification.findByActor(tenantId, actor)) === 'allowed';
  }
}
