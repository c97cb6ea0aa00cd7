export { RecordsApiModule, RecordsSchedulerModule, RecordsWorkerModule } from './records.module.js';
