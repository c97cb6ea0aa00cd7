export {
  ACCESS_LABEL,
  type AccessLabel,
  AllowRole,
  type CallerRequest,
  CurrentCaller,
  Public,
} from './access.js';
