export { RecordsApiModule, RecordsSchedulerModule } from './records.module.js';
