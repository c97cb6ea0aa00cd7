export { nameSchema, textSchema } from './text.js';
