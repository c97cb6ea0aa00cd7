import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { idBefore } from '../platform/http/index.js';
import { type TenantId } from '../platform/identity/index.js';
import { type PageQuery } from '../platform/http/index.js';
import { type SealedSecret } from '../tenants/index.js';
import { type ChangeWebhook, type WebhookDeliveryQuery, type WebhookEvent } from './webhook.dto.js';
import { OLD_SECRET_HOURS } from './webhook.rules.js';

export interface EndpointRow {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly events: WebhookEvent[];
  readonly state: 'enabled' | 'disabled';
  readonly stateReason: string | null;
  readonly failingSince: Date | null;
  readonly secret: SealedSecret;
  /** While it still signs. */
  readonly oldSecret: SealedSecret | null;
  readonly oldSecretUntil: Date | null;
  readonly createdAt: Date;
}

export interface DeliveryRow {
  readonly id: string;
  readonly event: WebhookEvent;
  readonly data: Record<string, unknown>;
  readonly state: 'waiting' | 'delivered' | 'failed';
  readonly attempts: number;
  readonly nextAttemptAt: Date;
  readonly createdAt: Date;
}

export interface AttemptRow {
  readonly at: Date;
  readonly durationMs: number;
  readonly status: number | null;
  readonly failure: string | null;
  readonly answer: string | null;
}

type StoredEndpoint = Omit<EndpointRow, 'secret' | 'oldSecret'> & {
  readonly ciphertext: Buffer;
  readonly keyVersion: number;
  readonly oldCiphertext: Buffer | null;
  readonly oldKeyVersion: number | null;
};

const ENDPOINT = `id, url, description, events, state, state_reason AS "stateReason", failing_since AS "failingSince",
  secret_ciphertext AS "ciphertext", secret_key_version AS "keyVersion", created_at AS "createdAt",
  CASE WHEN old_secret_until > now() THEN old_secret_ciphertext END AS "oldCiphertext",
  old_secret_key_version AS "oldKeyVersion",
  CASE WHEN old_secret_until > now() THEN old_secret_until END AS "oldSecretUntil"`;
const DELIVERY = `id, event, data, state, attempts, next_attempt_at AS "nextAttemptAt", created_at AS "createdAt"`;
/** Attempts that the log shows. */
const SHOWN_ATTEMPTS = 50;

/** A tenant's webhook endpoints, their deliveries and attempts, inside the tenant's unit of work. */
@Injectable()
export class WebhooksRepository {
  /** Ids are made before the row: the secret is sealed for its place. */
  async makeId(manager: EntityManager): Promise<string> {
    const [row] = await manager.query<{ id: string }[]>('SELECT uuidv7() AS id');
    return row!.id;
  }

  /** Two that are made at once wait for each other, so that the bound on their number holds. */
  async countForInsert(manager: EntityManager, tenantId: TenantId): Promise<number> {
    await manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('webhooks/' || $1, 0))`, [tenantId]);
    const [row] = await manager.query<{ count: number }[]>(
      'SELECT count(*)::int AS count FROM webhook_endpoints',
    );
    return row!.count;
  }

  async insert(
    manager: EntityManager,
    tenantId: TenantId,
    endpoint: Pick<EndpointRow, 'id' | 'url' | 'description' | 'events' | 'secret'>,
  ): Promise<EndpointRow> {
    const rows = await manager.query<StoredEndpoint[]>(
      `INSERT INTO webhook_endpoints (id, tenant_id, url, description, events, secret_ciphertext, secret_key_version)
       VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING ${ENDPOINT}`,
      [
        endpoint.id,
        tenantId,
        endpoint.url,
        endpoint.description,
        endpoint.events,
        endpoint.secret.ciphertext,
        endpoint.secret.keyVersion,
      ],
    );
    return toEndpoint(rows[0]!);
  }

  async findPage(manager: EntityManager, query: PageQuery): Promise<EndpointRow[]> {
    const rows = await manager.query<StoredEndpoint[]>(
      `SELECT ${ENDPOINT} FROM webhook_endpoints WHERE id < $1 ORDER BY id DESC LIMIT $2`,
      [idBefore(query), query.limit + 1],
    );
    return rows.map(toEndpoint);
  }

  async find(manager: EntityManager, id: string): Promise<EndpointRow | undefined> {
    const [row] = await manager.query<StoredEndpoint[]>(
      `SELECT ${ENDPOINT} FROM webhook_endpoints WHERE id = $1`,
      [id],
    );
    return row && toEndpoint(row);
  }

  /** Locked until the unit of work ends. */
  async lock(manager: EntityManager, id: string): Promise<EndpointRow | undefined> {
    const [row] = await manager.query<StoredEndpoint[]>(
      `SELECT ${ENDPOINT} FROM webhook_endpoints WHERE id = $1 FOR UPDATE`,
      [id],
    );
    return row && toEndpoint(row);
  }

  async change(manager: EntityManager, id: string, change: ChangeWebhook): Promise<void> {
    await manager.query(
      `UPDATE webhook_endpoints SET url = coalesce($2, url), events = coalesce($3::text[], events),
         description = coalesce($4, description) WHERE id = $1`,
      [id, change.url ?? null, change.events ?? null, change.description ?? null],
    );
  }

  async setState(
    manager: EntityManager,
    id: string,
    state: 'enabled' | 'disabled',
    reason: string | null,
  ): Promise<void> {
    await manager.query(
      'UPDATE webhook_endpoints SET state = $2, state_reason = $3, failing_since = NULL WHERE id = $1',
      [id, state, reason],
    );
  }

  async rotateSecret(manager: EntityManager, id: string, secret: SealedSecret): Promise<void> {
    await manager.query(
      `UPDATE webhook_endpoints SET old_secret_ciphertext = secret_ciphertext,
         old_secret_key_version = secret_key_version, old_secret_until = now() + make_interval(hours => $4),
         secret_ciphertext = $2, secret_key_version = $3 WHERE id = $1`,
      [id, secret.ciphertext, secret.keyVersion, OLD_SECRET_HOURS],
    );
  }

  async delete(manager: EntityManager, id: string): Promise<void> {
    await manager.query('DELETE FROM webhook_endpoints WHERE id = $1', [id]);
  }

  async insertTest(manager: EntityManager, tenantId: TenantId, endpointId: string): Promise<DeliveryRow> {
    const rows = await manager.query<DeliveryRow[]>(
      `INSERT INTO webhook_deliveries (tenant_id, endpoint_id, event, data)
       VALUES ($1, $2, 'webhook.test', jsonb_build_object('webhookId', $2::uuid)) RETURNING ${DELIVERY}`,
      [tenantId, endpointId],
    );
    return rows[0]!;
  }

  findDeliveries(
    manager: EntityManager,
    endpointId: string,
    query: WebhookDeliveryQuery,
  ): Promise<DeliveryRow[]> {
    return manager.query<DeliveryRow[]>(
      `SELECT ${DELIVERY} FROM webhook_deliveries
       WHERE endpoint_id = $1 AND id < $2 AND ($4::text IS NULL OR state = $4) ORDER BY id DESC LIMIT $3`,
      [endpointId, idBefore(query), query.limit + 1, query.state ?? null],
    );
  }

  async findDelivery(
    manager: EntityManager,
    endpointId: string,
    id: string,
  ): Promise<DeliveryRow | undefined> {
    const [row] = await manager.query<DeliveryRow[]>(
      `SELECT ${DELIVERY} FROM webhook_deliveries WHERE endpoint_id = $1 AND id = $2`,
      [endpointId, id],
    );
    return row;
  }

  findAttempts(manager: EntityManager, deliveryId: string): Promise<AttemptRow[]> {
    return manager.query<AttemptRow[]>(
      `SELECT at, duration_ms AS "durationMs", status, failure, answer FROM webhook_attempts
       WHERE delivery_id = $1 ORDER BY id DESC LIMIT ${SHOWN_ATTEMPTS}`,
      [deliveryId],
    );
  }

  /** All its attempts are before it again. */
  async sendAgain(manager: EntityManager, id: string): Promise<void> {
    await manager.query(
      `UPDATE webhook_deliveries SET state = 'waiting', attempts = 0, next_attempt_at = now() WHERE id = $1`,
      [id],
    );
  }

  async recordAttempt(
    manager: EntityManager,
    tenantId: TenantId,
    deliveryId: string,
    attempt: AttemptRow,
  ): Promise<void> {
    await manager.query(
      `INSERT INTO webhook_attempts (tenant_id, delivery_id, at, duration_ms, status, failure, answer)
       SELECT $1, id, $3, $4, $5, $6, $7 FROM webhook_deliveries WHERE id = $2`,
      [tenantId, deliveryId, attempt.at, attempt.durationMs, attempt.status, attempt.failure, attempt.answer],
    );
  }

  async settle(manager: EntityManager, id: string, state: 'delivered' | 'failed'): Promise<void> {
    await manager.query('UPDATE webhook_deliveries SET state = $2, attempts = attempts + 1 WHERE id = $1', [
      id,
      state,
    ]);
  }

  async retryLater(manager: EntityManager, id: string, afterSeconds: number): Promise<void> {
    await manager.query(
      `UPDATE webhook_deliveries SET attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => $2)
       WHERE id = $1`,
      [id, afterSeconds],
    );
  }

  async noteArrival(manager: EntityManager, endpointId: string): Promise<void> {
    await manager.query(
      'UPDATE webhook_endpoints SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL',
      [endpointId],
    );
  }

  /** @returns for how many hours nothing has arrived */
  async noteFailure(manager: EntityManager, endpointId: string): Promise<number> {
    const [[row]] = await manager.query<[{ hours: number }[], number]>(
      `UPDATE webhook_endpoints SET failing_since = coalesce(failing_since, now()) WHERE id = $1
       RETURNING extract(epoch FROM now() - failing_since)::float8 / 3600 AS hours`,
      [endpointId],
    );
    return row?.hours ?? 0;
  }
}

function toEndpoint({
  ciphertext,
  keyVersion,
  oldCiphertext,
  oldKeyVersion,
  ...row
}: StoredEndpoint): EndpointRow {
  return {
    ...row,
    secret: { ciphertext, keyVersion },
    oldSecret:
      oldCiphertext && oldKeyVersion !== null
        ? { ciphertext: oldCiphertext, keyVersion: oldKeyVersion }
        : null,
  };
}
