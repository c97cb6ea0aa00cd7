export { type Role, type Settings, SettingsError, parseSettings } from './settings.js';
export { type Secrets } from './secrets.js';
export { Configuration, readConfiguration } from './configuration.js';
