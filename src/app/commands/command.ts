import { parseArgs, type ParseArgsConfig } from 'node:util';

/** Something that the program does once and then ends. */
export interface Command {
  /** What is typed for it, such as `keys rotate`. */
  readonly words: string;
  /** What may follow the words; empty where nothing may. */
  readonly usage: string;
  /** For the list of commands, in a line. */
  readonly purpose: string;
  /**
   * @param rest what was typed after the words
   * @param print gets each line for people or programs; nothing else is written to the standard output
   * @returns the exit code
   * @throws UsageError where the rest can't be understood
   */
  run(rest: readonly string[], print: (line: string) => void): Promise<number>;
}

/** A command line that can't be understood; the message says what can be typed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * The options of a command line on which nothing else may be.
 *
 * @throws UsageError without a word of what was typed, since that may be a secret
 */
export function readOptions<Options extends NonNullable<ParseArgsConfig['options']>>(
  rest: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...rest], options, strict: true }).values;
  } catch (error) {
    throw new UsageError('One of the options is unknown or lacks its value.', { cause: error });
  }
}
