import { type EntityManager } from 'typeorm';
import { type Audience } from '../audience/index.js';
import { type TenantId } from '../platform/identity/index.js';

export interface BroadcastRequest {
  readonly messageId: string;
  readonly audience: Audience;
  readonly scheduleId: string;
  readonly dueAt: Date;
}

/** Starts the broadcast of an occurrence inside the caller's transaction. */
export abstract class BroadcastStarter {
  /** @returns the broadcast's id; the same one when it was started for this schedule and due time before */
  abstract start(manager: EntityManager, tenantId: TenantId, request: BroadcastRequest): Promise<string>;
}
