export {
  startEmbeddedDatabase,
  type EmbeddedDatabase,
  type EmbeddedDatabaseOptions,
} from './embedded-database.js';
export { EmbeddedDatabaseError } from './embedded-database.errors.js';
