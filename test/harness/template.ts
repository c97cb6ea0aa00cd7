/** The logins that the product uses; the harness makes them before the template is migrated. */
export const testLogins = {
  owner: 'arauto_owner',
  app: 'arauto_app',
  dispatcher: 'arauto_dispatcher',
} as const;

/**
 * Brings an empty database, given by a superuser's url, to the product's newest schema. Every test file works on a clone
 * of the result, so no connection may be left open.
 */
export async function prepareTemplate(_url: string): Promise<void> {
  // The import point for the product's migrations: there are none yet.
}
