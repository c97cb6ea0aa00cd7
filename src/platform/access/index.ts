export {
  ACCESS_LABEL,
  type AccessLabel,
  AllowOperator,
  AllowRole,
  type CallerRequest,
  CurrentAccess,
  CurrentCaller,
  CurrentMember,
  CurrentOperator,
  Public,
  type StandingAccess,
  membersOnly,
} from './access.js';
export { ACCESS_CHANGES, announceAccessChange } from './access-changes.js';
export { type AccessScope, ACCESS_SCOPES, accessScopeSchema } from './access-scopes.js';
