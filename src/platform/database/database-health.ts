import { Probe } from '../health/index.js';

/** Whether PostgreSQL answers both logins of this process. */
export class DatabaseHealth extends Probe {}
