export { SandboxWorkspaces } from './deletion/sandbox-workspaces.js';
export { RecordsApiModule, RecordsSchedulerModule, RecordsWorkerModule } from './records.module.js';
