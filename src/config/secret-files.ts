import { readFileSync } from 'node:fs';
import { SettingsError } from './settings.js';

/** Settings that hold a secret, some of them inside of an address. */
const SECRET_SETTINGS = [
  ...['ENCRYPTION_KEY', 'ENCRYPTION_KEY_PREVIOUS', 'SESSION_KEY', 'SANDBOX_KEY'],
  ...['DATABASE_URL', 'DATABASE_OWNER_URL', 'DATABASE_DISPATCHER_URL', 'QUEUE_URL', 'SMTP_URL'],
];

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the secrets that are named by files, as container engines mount them: `NAME_FILE` stands for `NAME`, with the
 * file's text without the space around it.
 *
 * @throws SettingsError where a file can't be read, or both are set; no text of a file is shown
 */
export function readSecretFiles(environment: Environment): Environment {
  const read = SECRET_SETTINGS.flatMap((name): [string, string][] => {
    const file = environment[`${name}_FILE`];
    if (!file) return [];
    if (environment[name]) {
      throw new SettingsError(`Arauto can't start: ${name} and ${name}_FILE are both set; take one away.`);
    }
    return [[name, readSecret(name, file)]];
  });
  return { ...environment, ...Object.fromEntries(read) };
}

function readSecret(name: string, file: string): string {
  try {
    const text = readFileSync(file, 'utf8').trim();
    if (text !== '') return text;
  } catch (error) {
    throw new SettingsError(
      `Arauto can't start: the file of ${name}_FILE can't be read (${(error as NodeJS.ErrnoException).code}); it has to be there, for the account that Arauto runs as.`,
      { cause: error },
    );
  }
  throw new SettingsError(`Arauto can't start: the file of ${name}_FILE is empty.`);
}
