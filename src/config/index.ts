export { ROLES, type Role, type Settings, SettingsError, parseSettings, settingsSchema } from './settings.js';
export { type Secrets, loadSecrets } from './secrets.js';
export { Configuration, readConfiguration } from './configuration.js';
