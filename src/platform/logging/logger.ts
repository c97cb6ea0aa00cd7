import { type LoggerService } from '@nestjs/common';
import { pino, type Logger as PinoLogger } from 'pino';
import { type Settings } from '../../config/index.js';
import { readLogContext } from './log-context.js';
import { redactTokens } from './redaction.rules.js';

/** What of an error is logged: drivers also attach the statement's values, which are people's and secret. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  const { cause } = error;
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...(code !== undefined && { code }),
    ...(cause !== undefined && { cause: describeError(cause) }),
  };
}

/**
 * Structured log lines on standard output: JSON, one a line, with the ids of what they are about; no line carries a bot
 * token.
 */
export function createLogger(settings: Pick<Settings, 'LOG_LEVEL'>): PinoLogger {
  return pino(
    {
      level: settings.LOG_LEVEL,
      serializers: { err: describeError },
      mixin: readLogContext,
      redact: { paths: ['*.token', '*.password', '*.authorization', '*.refreshToken'], censor: '[secret]' },
    },
    { write: (line: string) => process.stdout.write(redactTokens(line)) },
  );
}

/** Where Nest and the rooms log to. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: PinoLogger) {}

  log = (message: unknown, ...rest: unknown[]) => this.write('info', message, rest);
  error = (message: unknown, ...rest: unknown[]) => this.write('error', message, rest);
  warn = (message: unknown, ...rest: unknown[]) => this.write('warn', message, rest);
  debug = (message: unknown, ...rest: unknown[]) => this.write('debug', message, rest);
  verbose = (message: unknown, ...rest: unknown[]) => this.write('trace', message, rest);
  fatal = (message: unknown, ...rest: unknown[]) => this.write('fatal', message, rest);

  /** Nest hands over (message, …details, context): the last text is the context, an error keeps its stack. */
  private write(
    level: 'info' | 'error' | 'warn' | 'debug' | 'trace' | 'fatal',
    message: unknown,
    rest: unknown[],
  ): void {
    const context = typeof rest.at(-1) === 'string' ? rest.pop() : undefined;
    const error = [message, ...rest].find((part) => part instanceof Error);
    const text =
      message instanceof Error
        ? message.message
        : typeof message === 'string'
          ? message
          : JSON.stringify(message);
    const details = rest.filter((part) => part !== error && part !== undefined);
    this.logger[level](
      { context, ...(error && { err: error }), ...(details.length > 0 && { details }) },
      text,
    );
  }
}
