import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Settings, SettingsError } from './settings.js';

const SECRET_NAMES = ['ENCRYPTION_KEY', 'SESSION_KEY', 'SANDBOX_KEY'] as const;
type SecretName = (typeof SECRET_NAMES)[number];
export type Secrets = Readonly<Record<SecretName, Buffer>> & {
  /** Opens what ENCRYPTION_KEY doesn't yet, while the one is exchanged for the other. */
  readonly ENCRYPTION_KEY_PREVIOUS?: Buffer;
};

/**
 * The three keys of an installation. In production they come from the environment and nowhere else; in development
 * what is missing is made once and kept in `<ARAUTO_HOME>/secrets.json`, mode 0600.
 * @throws SettingsError in production, naming the variables that are missing
 */
export function loadSecrets(settings: Settings): Secrets {
  const missing = SECRET_NAMES.filter((name) => settings[name] === undefined);
  if (missing.length > 0 && settings.NODE_ENV === 'production') {
    throw new SettingsError(
      `Arauto can't start in production without ${missing.join(', ')}. Make each with \`openssl rand -base64 32\` and keep them outside the database.`,
    );
  }
  const made = missing.length > 0 ? developmentSecrets(settings.ARAUTO_HOME) : undefined;
  const secret = (name: SecretName): Buffer => settings[name] ?? Buffer.from(made?.[name] ?? '', 'base64');
  return Object.freeze({
    ENCRYPTION_KEY: secret('ENCRYPTION_KEY'),
    SESSION_KEY: secret('SESSION_KEY'),
    SANDBOX_KEY: secret('SANDBOX_KEY'),
    ...(settings.ENCRYPTION_KEY_PREVIOUS && { ENCRYPTION_KEY_PREVIOUS: settings.ENCRYPTION_KEY_PREVIOUS }),
  });
}

function developmentSecrets(home: string): Record<SecretName, string> {
  const path = join(home, 'secrets.json');
  if (!existsSync(path)) {
    const isNew = mkdirSync(home, { recursive: true }) !== undefined;
    // Closed for looking, open for passing through: the embedded server, of another account where this one is root,
    // has its data below.
    if (isNew) chmodSync(home, 0o711);
    const fresh = Object.fromEntries(SECRET_NAMES.map((name) => [name, randomBytes(32).toString('base64')]));
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, JSON.stringify(fresh, null, 2), { mode: 0o600 });
    try {
      // A link fails where the file exists: of two processes that start at once, one wins and both read the same keys.
      linkSync(draft, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(draft);
    }
  }
  chmodSync(path, 0o600);
  const stored = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  for (const name of SECRET_NAMES) {
    const value = stored[name];
    if (typeof value !== 'string' || Buffer.from(value, 'base64').length !== 32) {
      throw new SettingsError(
        `${path} has no usable ${name}. Delete the file for new secrets (bot tokens must then be entered again).`,
      );
    }
  }
  return stored as Record<SecretName, string>;
}
