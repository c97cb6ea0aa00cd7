export { AssetFiles, type AssetUse } from './asset-files.repository.js';
export { AssetGoneError, AssetStore, type StoredAsset } from './asset-store.repository.js';
export { type MessageContent, messageContentSchema } from './message-content.dto.js';
export { type MessageUse, MessageUses } from './message-uses.service.js';
export { type MessageChoice, MessageService } from './message.service.js';
export { MessagesApiModule, MessagesModule, MessagesSchedulerModule } from './messages.module.js';
export {
  compileMessage,
  isPersonal,
  mediaOf,
  type MediaReference,
  type Recipient,
  type RenderedMessage,
} from './render-message.rules.js';
