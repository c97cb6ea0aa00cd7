export { type Room } from './app.module.js';
export { ROOMS } from './rooms.js';
export { createApplication } from './application.js';
export { verifyAudit } from './audit-verification.js';
export { OperatorCommandError, runOperatorCommand } from './operator-command.js';
export { migrateDatabase } from './databases.js';
export { describeApi } from './documentation.js';
export { type RunningInstallation, startInstallation } from './installation.js';
export { rotateKeys } from './key-rotation.js';
