export { NestLogger, createLogger } from './logger.js';
export {
  addToLogContext,
  type LogContext,
  readLogContext,
  resumeLogContext,
  withLogContext,
  withoutLogContext,
} from './log-context.js';
export { redactTokens } from './redaction.rules.js';
