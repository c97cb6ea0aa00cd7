const ALL_FOUR = 'SELECT, INSERT, UPDATE, DELETE';

/** What a migration says of a table whose rows belong to one tenant. */
interface TenantTable {
  readonly name: string;
  /** The column that says to whom a row belongs. */
  readonly column?: string;
  /** What the application's login may do to its tenant's rows, such as `SELECT, INSERT`; all four by default. */
  readonly app?: string;
  /** Why the dispatcher's login sees the rows of all tenants; undefined where it sees none. */
  readonly crossedBecause?: string;
  /** What the dispatcher's login may do where it crosses; all four by default. */
  readonly dispatcher?: string;
}

/**
 * The statements that wall a table in: row-level security, enabled and forced; the application's login sees the rows of
 * `app.tenant_id` alone; the dispatcher's crosses only where a reason is named.
 */
export function wallIn({
  name,
  column = 'tenant_id',
  app = ALL_FOUR,
  crossedBecause,
  dispatcher = ALL_FOUR,
}: TenantTable): string[] {
  return [
    `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY`,
    `ALTER TABLE ${name} FORCE ROW LEVEL SECURITY`,
    `CREATE POLICY ${name}_of_tenant ON ${name} TO arauto_app
       USING (${column} = current_tenant_id()) WITH CHECK (${column} = current_tenant_id())`,
    `GRANT ${app} ON ${name} TO arauto_app`,
    ...(crossedBecause === undefined ? [] : crossing(name, dispatcher)),
  ];
}

/** For tables without a tenant as well, such as users and operators: the dispatcher's alone. */
export function crossing(name: string, granted = ALL_FOUR): string[] {
  return [
    `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY`,
    `ALTER TABLE ${name} FORCE ROW LEVEL SECURITY`,
    `CREATE POLICY ${name}_crossing ON ${name} TO arauto_dispatcher USING (true) WITH CHECK (true)`,
    `GRANT ${granted} ON ${name} TO arauto_dispatcher`,
  ];
}
