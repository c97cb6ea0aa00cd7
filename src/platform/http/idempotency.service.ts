import { createParamDecorator, type ExecutionContext, Injectable } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { type EntityManager } from 'typeorm';
import { type OldRows } from '../cleaning/index.js';
import { sha256 } from '../crypto/index.js';
import { TenantDatabase } from '../database/index.js';
import { invalidField, ProblemError } from '../errors/index.js';
import { type Caller, type TenantId } from '../identity/index.js';

const KEY = /^[\x21-\x7e]{1,200}$/;

/** The `Idempotency-Key` of a request and what the request was, so that a key isn't used for two things. */
export interface IdempotentRequest {
  readonly key: string | undefined;
  readonly fingerprint: Buffer;
}

/** Reads the `Idempotency-Key` header. */
export const Idempotency = createParamDecorator(
  (_: unknown, context: ExecutionContext): IdempotentRequest => {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const key = request.headers['idempotency-key'];
    if (key !== undefined && (typeof key !== 'string' || !KEY.test(key))) {
      throw invalidField(
        'Idempotency-Key',
        'invalid_header',
        'Send 1 to 200 visible ASCII characters, such as a UUID.',
      );
    }
    const body = request.isMultipart?.() ? '' : JSON.stringify(request.body ?? null);
    return { key, fingerprint: sha256(`${request.method} ${request.url}\n${body}`) };
  },
);

/** How long an answer is kept for whoever repeats the request. */
export const OLD_IDEMPOTENCY_KEYS: OldRows = {
  table: 'idempotency_keys',
  where: `created_at < now() - interval '48 hours'`,
};

/** Documents the header that {@link Idempotency} reads. */
export const TakesIdempotencyKey = () =>
  ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description:
      'A text of your choice, such as a UUID: the same request sent again with it gets the first answer and does nothing twice, for 48 hours.',
    schema: { type: 'string', minLength: 1, maxLength: 200, pattern: '^[\\x21-\\x7e]*$' },
  });

/**
 * Does a thing once per key: the effect and the memory of its answer are committed together, so that a repeated
 * request gets the first one's answer and a crash in between leaves neither.
 */
@Injectable()
export class IdempotencyService {
  constructor(private readonly database: TenantDatabase) {}

  /** Kept answers that have one of these texts in them are forgotten; who repeats such a request does it anew. */
  async forgetAnswersNaming(manager: EntityManager, texts: readonly string[]): Promise<void> {
    await manager.query(
      `DELETE FROM idempotency_keys
       WHERE EXISTS (SELECT FROM unnest($1::text[]) AS named (text) WHERE strpos(response::text, named.text) > 0)`,
      [texts],
    );
  }

  /**
   * @param work the effect; gets the transaction; its result must survive JSON
   * @throws ProblemError 422 when the key was used for another request
   */
  async run<Result>(
    caller: Pick<Caller, 'tenantId'>,
    request: IdempotentRequest,
    work: (manager: EntityManager) => Promise<Result>,
  ): Promise<Result> {
    return this.database.run(caller.tenantId, async (manager) => {
      if (request.key === undefined) return work(manager);
      // A second request with the same key waits here until the first is committed or gone.
      const claimed: unknown[] = await manager.query(
        `INSERT INTO idempotency_keys (tenant_id, key, fingerprint, response) VALUES ($1, $2, $3, 'null')
         ON CONFLICT (tenant_id, key) DO NOTHING RETURNING key`,
        [caller.tenantId, request.key, request.fingerprint],
      );
      if (claimed.length > 0) {
        const result = await work(manager);
        await manager.query('UPDATE idempotency_keys SET response = $3 WHERE tenant_id = $1 AND key = $2', [
          caller.tenantId,
          request.key,
          JSON.stringify(result ?? null),
        ]);
        return result;
      }
      const [kept] = await manager.query<{ fingerprint: Buffer; response: Result }[]>(
        'SELECT fingerprint, response FROM idempotency_keys WHERE tenant_id = $1 AND key = $2',
        [caller.tenantId, request.key],
      );
      if (!kept?.fingerprint.equals(request.fingerprint)) {
        throw new ProblemError(
          422,
          'idempotency_key_reused',
          'This Idempotency-Key was used for another request; take a new one.',
        );
      }
      return kept.response;
    });
  }

  /**
   * The same for several requests of one tenant, in one unit of work: all of them or none.
   *
   * @param work the effects of the requests at these positions; their results in the same order
   * @returns the results by request; undefined for one whose key was used before, which {@link run} answers
   */
  runTogether<Result>(
    tenantId: TenantId,
    requests: readonly IdempotentRequest[],
    work: (manager: EntityManager, positions: readonly number[]) => Promise<readonly Result[]>,
  ): Promise<(Result | undefined)[]> {
    return this.database.run(tenantId, async (manager) => {
      const claimed = await this.claimAll(manager, tenantId, requests);
      const positions = [...requests.keys()].filter((n) => isClaimed(requests, n, claimed));
      const results = positions.length > 0 ? await work(manager, positions) : [];
      const kept = positions
        .map((position, n) => ({ key: requests[position]!.key, response: results[n] ?? null }))
        .filter(({ key }) => key !== undefined);
      if (kept.length > 0)
        await manager.query(
          `UPDATE idempotency_keys SET response = kept.response
             FROM jsonb_to_recordset($2::jsonb) AS kept (key text, response jsonb)
            WHERE idempotency_keys.tenant_id = $1 AND idempotency_keys.key = kept.key`,
          [tenantId, JSON.stringify(kept)],
        );
      const resultOf = new Map(positions.map((position, n) => [position, results[n]]));
      return requests.map((_, n) => resultOf.get(n));
    });
  }

  /** In the order of the keys, so that nobody waits for each other. @returns those that nobody used before */
  private async claimAll(
    manager: EntityManager,
    tenantId: TenantId,
    requests: readonly IdempotentRequest[],
  ): Promise<Set<string>> {
    const keyed = requests.filter(({ key }) => key !== undefined);
    if (keyed.length === 0) return new Set();
    const rows = await manager.query<{ key: string }[]>(
      `INSERT INTO idempotency_keys (tenant_id, key, fingerprint, response)
       SELECT $1, key, fingerprint, 'null' FROM unnest($2::text[], $3::bytea[]) WITH ORDINALITY AS asked (key, fingerprint, n)
        ORDER BY key, n
       ON CONFLICT (tenant_id, key) DO NOTHING RETURNING key`,
      [tenantId, keyed.map(({ key }) => key), keyed.map(({ fingerprint }) => fingerprint)],
    );
    return new Set(rows.map(({ key }) => key));
  }
}

/** Claims that a request is the first with a key that nobody used before, or has none. */
function isClaimed(
  requests: readonly IdempotentRequest[],
  position: number,
  claimed: ReadonlySet<string>,
): boolean {
  const key = requests[position]?.key;
  if (key === undefined) return true;
  return claimed.has(key) && requests.findIndex((request) => request.key === key) === position;
}
