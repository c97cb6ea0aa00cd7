export { NestLogger, createLogger } from './logger.js';
export { redactTokens } from './redaction.rules.js';
