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
export { AccessChanges } from './access-changes.js';
export {
  authenticatorCodeSchema,
  codeFields,
  hasAtMostOneCode,
  oneCodeAtMost,
  PASSWORD_LENGTH_MAXIMUM,
  type PersonProof,
  personProofFields,
  Reauthentication,
  type ShownCode,
  shownPasswordSchema,
} from './reauthentication.js';
export { type AccessScope, ACCESS_SCOPES, accessScopeSchema } from './access-scopes.js';
