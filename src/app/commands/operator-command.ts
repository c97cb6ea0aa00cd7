import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { type Appointment, OperatorRegistry } from '../../auth/index.js';
import { type Configuration } from '../../config/index.js';
import { DispatcherDatabase } from '../../platform/database/index.js';
import { ProblemError } from '../../platform/errors/index.js';
import { openDatabase } from '../databases.js';
import { readPassword } from './password-prompt.js';

const USAGE = `Usage: arauto operator create --email ADDRESS [--name NAME] [--password-file FILE]
       arauto operator list
       arauto operator remove --email ADDRESS
A password is asked for at the terminal, or read from FILE or the standard input; never from the command line, where others see it.`;

/** What was asked of the command can't be done; the message says what to do. */
export class OperatorCommandError extends Error {
  override readonly name = 'OperatorCommandError';
}

const OUTCOMES: Readonly<Record<Appointment, string>> = {
  account_made: 'is an operator now, with a new account.',
  account_promoted: 'is an operator now. The account was there already and keeps its password.',
  already_operator: 'is an operator already; nothing was changed.',
};

/**
 * Makes, lists and removes operators, on the embedded database or that of DATABASE_URL. Prints no secret.
 *
 * @param words what follows `operator` on the command line
 * @param print gets each line for people
 * @throws OperatorCommandError
 */
export async function runOperatorCommand(
  configuration: Configuration,
  words: readonly string[],
  print: (line: string) => void,
): Promise<void> {
  const { verb, email, name, passwordFile } = parse(words);
  const database = await openDatabase(configuration, () => undefined);
  const pool = new pg.Pool({
    connectionString: database.urls.dispatcher,
    max: 2,
    application_name: 'arauto-operator',
  });
  const registry = new OperatorRegistry(new DispatcherDatabase(pool));
  try {
    switch (verb) {
      case 'create': {
        const askPassword = () => (passwordFile === undefined ? readPassword() : readFirstLine(passwordFile));
        const outcome = await registry.appoint({ email, name }, askPassword);
        print(`${email} ${OUTCOMES[outcome]}`);
        return;
      }
      case 'list': {
        const operators = await registry.list();
        if (operators.length === 0)
          print('There are no operators yet: arauto operator create --email ADDRESS');
        for (const one of operators) print(`${one.email}  ${one.name}  since ${one.since.toISOString()}`);
        return;
      }
      case 'remove':
        if (!(await registry.remove(email))) throw new OperatorCommandError(`${email} is no operator.`);
        print(`${email} is no operator any more. The account stays.`);
    }
  } catch (error) {
    if (error instanceof ProblemError) throw new OperatorCommandError(error.detail);
    throw error;
  } finally {
    await pool.end();
    await database.close();
  }
}

interface Command {
  readonly verb: 'create' | 'list' | 'remove';
  readonly email: string;
  readonly name: string;
  readonly passwordFile: string | undefined;
}

function parse(words: readonly string[]): Command {
  const { values, positionals } = readWords(words);
  const [verb, ...rest] = positionals;
  if ((verb !== 'create' && verb !== 'list' && verb !== 'remove') || rest.length > 0) {
    throw new OperatorCommandError(USAGE);
  }
  if (verb !== 'list' && values.email === undefined) {
    throw new OperatorCommandError(`Whom? Name them by --email.\n${USAGE}`);
  }
  return {
    verb,
    email: values.email ?? '',
    name: values.name ?? 'Operator',
    passwordFile: values['password-file'],
  };
}

function readWords(words: readonly string[]) {
  try {
    const text = { type: 'string' } as const;
    return parseArgs({
      args: [...words],
      options: { email: text, name: text, 'password-file': text },
      allowPositionals: true,
    });
  } catch {
    // Its message would repeat what was typed, and that may be a password.
    throw new OperatorCommandError(USAGE);
  }
}

async function readFirstLine(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).split(/\r?\n/, 1)[0] ?? '';
  } catch {
    throw new OperatorCommandError(`The password could not be read from ${file}.`);
  }
}
