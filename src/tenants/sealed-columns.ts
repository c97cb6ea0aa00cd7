/** A column in which a room keeps sealed secrets, so that a rotation of keys seals them anew. */
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

/** Every place of sealed secrets: what the rooms that run seal, as they say where they are listed. */
export class SealedColumns {
  constructor(readonly list: readonly SealedColumn[]) {}
}
