export { NestLogger, createLogger, redactTokens } from './logger.js';
