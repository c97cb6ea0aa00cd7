export { BotApiClient, type BotApiClientOptions, type BotApiRequest } from './bot-api.client.js';
export { type BotApiUpload } from './multipart.rules.js';
export { type BotApiOutcome, type NotSentCause, type UnknownCause } from './outcome.rules.js';
