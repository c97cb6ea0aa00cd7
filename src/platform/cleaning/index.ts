export { CleaningModule } from './cleaning.module.js';
export { type OldRows } from './old-rows.cleaning.js';
