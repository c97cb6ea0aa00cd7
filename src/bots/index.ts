export { type Answer, AnswerSink } from './routing/answer-sink.js';
export { BotDirectory } from './directory/bot-directory.js';
export { type ConnectedBot } from './directory/connected-bot.js';
export { BotChanged, BotConnected, BotTokenRejected } from './registration/bots.events.js';
export { type BotState, isSending } from './registration/bot-state.rules.js';
