export { InboxRepository } from './inbox/inbox.repository.js';
export { type Answer, AnswerSink } from './routing/answer-sink.js';
export { BotContext } from './routing/bot.context.js';
export { readRest, RESTS_CHANNEL } from './calls/bot-rest.js';
export { BotVerdicts } from './calls/bot-verdicts.js';
export { BotDirectory } from './directory/bot-directory.js';
export { type ConnectedBot } from './directory/connected-bot.js';
export { BotDepartures } from './registration/bot-departures.js';
export { Bot } from './registration/bot.entity.js';
export { type BotState, isSending } from './registration/bot-state.rules.js';
export { BotChanged } from './registration/bots.events.js';
export { SEALED_BOT_TOKENS } from './registration/token-vault.js';
export { type ChatCount, ChatCounts } from './registration/chat-counts.js';
export {
  BotsApiModule,
  BotsModule,
  BotsPollerModule,
  BotsSchedulerModule,
  BotsWorkerModule,
} from './bots.module.js';
export { isWebhookUrl } from './webhook/webhook.rules.js';
