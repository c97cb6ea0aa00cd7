export {
  ACCESS_LABEL,
  type AccessLabel,
  AllowRole,
  type CallerRequest,
  CurrentCaller,
  CurrentMember,
  Public,
} from './access.js';
