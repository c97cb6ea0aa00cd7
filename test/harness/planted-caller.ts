import { type CanActivate, type ExecutionContext, Injectable, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import pg from 'pg';
import { type CallerRequest } from '../../src/platform/access/index.js';
import { asTenantId, asUserId } from '../../src/platform/identity/index.js';
import { ApiClient } from './client.js';
import { type TestApplication } from './application.js';

/** Believes every bearer that names a tenant: for rooms whose tests aren't about signing in. */
@Injectable()
class BelievingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context
      .switchToHttp()
      .getRequest<CallerRequest & { headers: { authorization?: string } }>();
    const tenantId = request.headers.authorization?.replace('Bearer ', '') ?? '';
    request.caller = {
      tenantId: asTenantId(tenantId),
      userId: asUserId('019aaaaa-0000-7000-8000-00000000000a'),
      sessionId: '019aaaaa-0000-7000-8000-00000000000b',
      role: 'owner',
    };
    return true;
  }
}

@Module({ providers: [{ provide: APP_GUARD, useClass: BelievingGuard }] })
export class BelievingModule {}

export interface PlantedTenant {
  readonly id: string;
  readonly client: ApiClient;
}

export async function plantTenant(application: TestApplication, timeZone = 'UTC'): Promise<PlantedTenant> {
  const database = new pg.Client({ connectionString: application.database.urls.dispatcher });
  await database.connect();
  try {
    const { rows } = await database.query<{ id: string }>(
      `INSERT INTO tenants (name, time_zone) VALUES ('Test', $1) RETURNING id`,
      [timeZone],
    );
    const id = rows[0]?.id ?? '';
    return { id, client: new ApiClient(application.url, id) };
  } finally {
    await database.end();
  }
}
