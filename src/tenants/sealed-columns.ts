import { Injectable } from '@nestjs/common';

interface Sealed {
  /** For the report of a rotation, such as `bot tokens`. */
  readonly what: string;
  readonly table: string;
  /** The primary key, a uuid. */
  readonly id: string;
  /** Holds the sealed secret; NULL where there is none. */
  readonly ciphertext: string;
  /** Columns that say where the secret belongs, and the associated data that their values, as text, make. */
  readonly place: readonly string[];
  readonly associatedData: (place: readonly string[]) => string;
}

/** Sealed by {@link TenantKeys}: the table has a tenant_id and remembers the version of the tenant's key. */
interface SealedByTenantKey extends Sealed {
  readonly keyVersion: string;
}

/** Sealed by a `KeyRing` of this purpose: what belongs to no tenant. */
interface SealedByInstallation extends Sealed {
  readonly purpose: string;
}

export type SealedColumn = SealedByTenantKey | SealedByInstallation;

/** Every place of sealed secrets. Each room says what it seals, when its module is made; a rotation goes through all. */
@Injectable()
export class SealedColumns {
  private readonly declared: SealedColumn[] = [];

  declare(column: SealedColumn): void {
    this.declared.push(column);
  }

  list(): readonly SealedColumn[] {
    return this.declared;
  }
}
