import { Injectable, Logger } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { Configuration } from '../config/index.js';
import { KeyRing, UnsealError } from '../platform/crypto/index.js';
import { DispatcherDatabase } from '../platform/database/index.js';
import { asTenantId, type TenantId } from '../platform/identity/index.js';
import { type SealedColumn, SealedColumns } from './sealed-columns.js';
import { TenantKeysRepository } from './tenant-keys.repository.js';
import { TenantKeys } from './tenant-keys.service.js';

/** Rows locked at once: a few milliseconds, so that whoever wants one of them hardly waits. */
const CHUNK = 200;
/** A key younger than this was made by a rotation that broke off; going on, it is not made again. */
const RENEWED_WITHIN_HOURS = 24;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const NO_KEY = { tenantId: asTenantId(FIRST_ID), version: 0 };

/** What a rotation did, in numbers of keys and secrets. */
export interface KeyRotationReport {
  /** Data keys wrapped anew by ENCRYPTION_KEY. */
  readonly rewrapped: number;
  /** Tenants that have a new data key. */
  readonly renewed: number;
  /** Secrets sealed anew, by what they are. */
  readonly resealed: Readonly<Record<string, number>>;
  /** Neither key opens them: they need a key that isn't here. */
  readonly unreadable: number;
}

/** Somebody else rotates already; the message is for people. */
export class KeyRotationRunningError extends Error {
  override readonly name = 'KeyRotationRunningError';
}

/**
 * Exchanges keys while everybody works: wraps data keys anew, makes new ones, seals what older ones sealed. In chunks,
 * each a transaction of its own that locks its rows; what is done is recognised, so a rotation that broke off goes on.
 */
@Injectable()
export class KeyRotation {
  private readonly logger = new Logger('KeyRotation');

  constructor(
    private readonly database: DispatcherDatabase,
    private readonly repository: TenantKeysRepository,
    private readonly keys: TenantKeys,
    private readonly sealedColumns: SealedColumns,
    private readonly configuration: Configuration,
  ) {}

  /** @throws KeyRotationRunningError */
  rotate({ renewsDataKeys }: { renewsDataKeys: boolean }): Promise<KeyRotationReport> {
    // The transaction holds the lock and nothing else: it has no snapshot, so it keeps nothing from being cleaned up.
    return this.database.transaction(async (client) => {
      // It is idle for as long as the work takes, which is what the sessions are not allowed otherwise.
      await client.query('SET LOCAL idle_in_transaction_session_timeout = 0');
      const { rows } = await client.query<{ isMine: boolean }>(
        `SELECT pg_try_advisory_xact_lock(hashtext('arauto.rotate_keys')) AS "isMine"`,
      );
      if (!rows[0]?.isMine) {
        throw new KeyRotationRunningError('Keys are being rotated already; wait until that is done.');
      }
      const wrapping = await this.rewrapAll();
      const renewed = renewsDataKeys ? await this.renewAll() : 0;
      const resealed: Record<string, number> = {};
      let { unreadable } = wrapping;
      for (const column of this.sealedColumns.list) {
        const done =
          'purpose' in column ? await this.resealPurpose(column) : await this.resealTenants(column);
        resealed[column.what] = done.changed;
        unreadable += done.unreadable;
      }
      return { rewrapped: wrapping.changed, renewed, resealed, unreadable };
    });
  }

  private async rewrapAll(): Promise<Tally> {
    const tally = new Tally();
    for (let after: typeof NO_KEY | undefined = NO_KEY; after;) {
      const from: typeof NO_KEY = after;
      after = await this.database.transaction(async (client) => {
        const rows = await this.repository.lockAfter(client, from, CHUNK);
        for (const row of rows) {
          await this.attempt(tally, `data key ${row.tenantId}/${row.version}`, async () => {
            const wrappedKey = this.keys.rewrap(row.tenantId, row);
            if (wrappedKey) await this.repository.replace(client, row, wrappedKey);
            return wrappedKey !== undefined;
          });
        }
        return rows.at(-1);
      });
    }
    return tally;
  }

  private async renewAll(): Promise<number> {
    let renewed = 0;
    for (;;) {
      const tenantIds = await this.repository.findOutdated(RENEWED_WITHIN_HOURS, CHUNK);
      if (tenantIds.length === 0) return renewed;
      for (const tenantId of tenantIds) {
        await this.database.transaction((client) => this.keys.renewFor(client, tenantId));
        renewed += 1;
      }
    }
  }

  /** What a tenant's older keys sealed. */
  private resealTenants(column: Extract<SealedColumn, { keyVersion: string }>): Promise<Tally> {
    const { table, id, ciphertext, keyVersion, associatedData } = column;
    return this.walk(
      column,
      `tenant_id, ${keyVersion} AS version`,
      `${keyVersion} < (SELECT max(version) FROM tenant_data_keys WHERE tenant_id = ${table}.tenant_id)`,
      async (client, row: SealedRow & { tenant_id: TenantId; version: number }) => {
        const place = associatedData(row.place);
        const secret = await this.keys.openFor(row.tenant_id, row.version, row.ciphertext, place);
        const sealed = await this.keys.sealFor(row.tenant_id, secret, place);
        await client.query(`UPDATE ${table} SET ${ciphertext} = $2, ${keyVersion} = $3 WHERE ${id} = $1`, [
          row.id,
          sealed.ciphertext,
          sealed.keyVersion,
        ]);
        return true;
      },
    );
  }

  /** What the previous ENCRYPTION_KEY sealed itself. */
  private resealPurpose(column: Extract<SealedColumn, { purpose: string }>): Promise<Tally> {
    const ring = new KeyRing(this.configuration.secrets, column.purpose);
    const { table, id, ciphertext, associatedData } = column;
    return this.walk(column, '1', 'true', async (client, row: SealedRow) => {
      const place = associatedData(row.place);
      const { plaintext, isCurrent } = ring.unseal(row.ciphertext, place);
      if (isCurrent) return false;
      const sealed = ring.seal(plaintext, place);
      await client.query(`UPDATE ${table} SET ${ciphertext} = $2 WHERE ${id} = $1`, [row.id, sealed]);
      return true;
    });
  }

  /** Every secret of the column, in the order of its rows' ids. */
  private async walk<Row extends SealedRow>(
    { what, table, id, ciphertext, place }: SealedColumn,
    selected: string,
    condition: string,
    reseal: (client: PoolClient, row: Row) => Promise<boolean>,
  ): Promise<Tally> {
    const tally = new Tally();
    const placeText = place.map((name) => `${name}::text`).join(', ');
    for (let after: string | undefined = FIRST_ID; after !== undefined;) {
      const from: string = after;
      after = await this.database.transaction(async (client) => {
        const { rows } = await client.query<Row>(
          `SELECT ${id} AS id, ${ciphertext} AS ciphertext, ARRAY[${placeText}]::text[] AS place, ${selected}
           FROM ${table} WHERE ${id} > $1 AND ${ciphertext} IS NOT NULL AND ${condition}
           ORDER BY ${id} LIMIT ${CHUNK} FOR NO KEY UPDATE`,
          [from],
        );
        for (const row of rows) await this.attempt(tally, `${what} of ${row.id}`, () => reseal(client, row));
        return rows.at(-1)?.id;
      });
    }
    return tally;
  }

  /** One that can't be opened doesn't keep the others; it is named, by its place alone. */
  private async attempt(tally: Tally, what: string, change: () => Promise<boolean>): Promise<void> {
    try {
      if (await change()) tally.changed += 1;
    } catch (error) {
      if (!(error instanceof UnsealError)) throw error;
      tally.unreadable += 1;
      this.logger.error(`${what} opens with neither key`);
    }
  }
}

interface SealedRow {
  readonly id: string;
  readonly ciphertext: Buffer;
  readonly place: readonly string[];
}

class Tally {
  changed = 0;
  unreadable = 0;
}
