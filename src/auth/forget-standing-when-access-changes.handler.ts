import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { AccessChanges } from '../platform/access/index.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { SessionsService } from './sessions.service.js';

/** A role that changed, a member who was removed, a key that was deleted: in effect at once, in every process. */
@Injectable()
export class ForgetStandingWhenAccessChanges implements OnApplicationBootstrap {
  constructor(
    private readonly accessChanges: AccessChanges,
    private readonly sessions: SessionsService,
    private readonly apiKeys: ApiKeysService,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.accessChanges.listen((id) => {
      this.sessions.forget(id);
      this.apiKeys.forget(id);
    });
  }
}
