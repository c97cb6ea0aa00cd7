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
    allowOwn(name, column),
    `GRANT ${app} ON ${name} TO arauto_app`,
    ...(crossedBecause === undefined ? [] : crossing(name, dispatcher)),
  ];
}

/** The policy by which the application's login sees and writes the rows of its own tenant. */
export function allowOwn(table: string, column: string): string {
  // What is written asks for the tenant once a statement, a tenth of the planning of a million rows. What is read asks
  // by the function itself, of which the planner knows the value: tenants have a thousand rows or a million.
  return `CREATE POLICY ${table}_of_tenant ON ${table} TO arauto_app
    USING (${column} = current_tenant_id()) WITH CHECK (${column} = (SELECT current_tenant_id()))`;
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
