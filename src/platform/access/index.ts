export {
  ACCESS_LABEL,
  type AccessLabel,
  AllowOperator,
  AllowRole,
  type CallerRequest,
  CurrentCaller,
  CurrentMember,
  CurrentOperator,
  Public,
} from './access.js';
