export { ConsentWithdrawals } from './consent-withdrawals.js';
export { type ForgottenPerson, PersonTraces } from './person-traces.js';
export { type AudienceCondition, audienceCondition } from './audience-condition.rules.js';
export { type Audience, audienceSchema, type ChatState, type ChatType } from './audience.dto.js';
export { type BotZones, findTimeZone, LOCAL_TIMES, type LocalTimeOf, zonesOf } from './local-time.rules.js';
export { AudienceService, type StatementRunner, type UnreachableChat } from './audience.service.js';
export { AudienceApiModule, AudienceModule, AudienceWorkerModule } from './audience.module.js';
export { Chat } from './chat.entity.js';
export { Contact } from './contact.entity.js';
