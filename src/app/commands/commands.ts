import { readConfiguration } from '../../config/index.js';
import { createLogger } from '../../platform/logging/index.js';
import { verifyAudit } from '../audit-verification.js';
import { migrateDatabase } from '../databases.js';
import { rotateKeys } from '../key-rotation.js';
import { type Command, readOptions, UsageError } from './command.js';
import { runOperatorCommand } from './operator-command.js';

const migrate: Command = {
  words: 'migrate',
  usage: '',
  purpose: 'brings the database of DATABASE_OWNER_URL to the newest schema',
  async run(rest, print) {
    readOptions(rest, {});
    await migrateDatabase(readConfiguration(), print);
    print('the database is up to date');
    return 0;
  },
};

const operator: Command = {
  words: 'operator',
  usage: 'create --email ADDRESS [--name NAME] [--password-file FILE] | list | remove --email ADDRESS',
  purpose: 'makes, lists and removes operators, who run the installation',
  async run(rest, print) {
    await runOperatorCommand(readConfiguration(), rest, print);
    return 0;
  },
};

const rotate: Command = {
  words: 'keys rotate',
  usage: '[--data-keys]',
  purpose: 'exchanges ENCRYPTION_KEY, and with --data-keys the keys below it, while Arauto runs',
  async run(rest, print) {
    const options = readOptions(rest, { 'data-keys': { type: 'boolean' } });
    const report = await rotateKeys(readConfiguration(), { renewsDataKeys: options['data-keys'] === true });
    print(JSON.stringify(report));
    return report.unreadable === 0 ? 0 : 1;
  },
};

const verify: Command = {
  words: 'audit verify',
  usage: '',
  purpose: "follows the chain of every tenant's audit log; ends with 1 where one is broken",
  async run(rest, print) {
    readOptions(rest, {});
    const configuration = readConfiguration();
    const logger = createLogger(configuration.settings);
    return (await verifyAudit(configuration, (line) => logger.debug(line), print)) ? 0 : 1;
  },
};

const COMMANDS: readonly Command[] = [migrate, operator, rotate, verify];

/**
 * Runs what a command line asks for.
 *
 * @param words all that was typed after the program's name
 * @returns the exit code
 * @throws UsageError
 */
export async function runCommand(words: readonly string[], print: (line: string) => void): Promise<number> {
  if (['help', '--help', '-h'].includes(words[0] ?? '')) {
    print(HELP);
    return 0;
  }
  const command = COMMANDS.find((one) => one.words.split(' ').every((word, n) => words[n] === word));
  if (!command) throw new UsageError(HELP);
  const rest = words.slice(command.words.split(' ').length);
  try {
    return await command.run(rest, print);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${error.message}\nUsage: ${lineOf(command)}`, { cause: error });
  }
}

function lineOf({ words, usage }: Command): string {
  return `arauto ${words} ${usage}`.trimEnd();
}

const HELP = `Usage: arauto                 starts what ARAUTO_ROLES says
${COMMANDS.map((command) => `\n  ${lineOf(command)}\n      ${command.purpose}`).join('')}

Settings come from the environment; docs/configuration.md has all of them.`;
