import { readSecretFiles } from './secret-files.js';
import { loadSecrets, type Secrets } from './secrets.js';
import { parseSettings, type Role, type Settings } from './settings.js';

/** The settings and secrets of this process, as one injectable. */
export class Configuration {
  constructor(
    readonly settings: Settings,
    readonly secrets: Secrets,
  ) {}

  hasRole(role: Role): boolean {
    return this.settings.ARAUTO_ROLES.includes(role);
  }

  get isProduction(): boolean {
    return this.settings.NODE_ENV === 'production';
  }

  /** Whether who signs up has to open the link of a mail first; without a mail server nobody could. */
  get signUpWay(): 'at_once' | 'by_mail' {
    const { SIGN_UP, SMTP_URL } = this.settings;
    return SIGN_UP ?? (this.isProduction && SMTP_URL !== undefined ? 'by_mail' : 'at_once');
  }

  /** Where the links in mails lead, without a slash at the end. */
  get consoleUrl(): string {
    const { CONSOLE_URL, PUBLIC_URL, HOST, PORT } = this.settings;
    return CONSOLE_URL ?? PUBLIC_URL ?? `http://${reachable(HOST)}:${PORT}`;
  }

  /** Where our own processes reach the API. */
  get apiUrl(): string {
    const { API_URL, HOST, PORT } = this.settings;
    return API_URL ?? `http://${reachable(HOST)}:${PORT}`;
  }

  /** Where the sandbox is spoken to; a process that starts it on a free port sets SANDBOX_URL to what it got. */
  get sandboxUrl(): string {
    const { SANDBOX_URL, SANDBOX_HOST, SANDBOX_PORT } = this.settings;
    return SANDBOX_URL ?? `http://${SANDBOX_HOST}:${SANDBOX_PORT}`;
  }
}

/** The name of what listens on a host. */
function reachable(host: string): string {
  const isEverywhere = host === '0.0.0.0' || host === '::';
  return isEverywhere ? 'localhost' : host.includes(':') ? `[${host}]` : host;
}

/** Reads the environment of this process; the only reader of `process.env`. */
export function readConfiguration(overrides: Record<string, string | undefined> = {}): Configuration {
  const settings = parseSettings(readSecretFiles({ ...process.env, ...overrides }));
  return new Configuration(settings, loadSecrets(settings));
}
