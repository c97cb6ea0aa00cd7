import { chatMethods } from './chat-methods.js';
import { editingMethods } from './editing-methods.js';
import { fileMethods } from './file-methods.js';
import { type MethodHandler } from './method-call.js';
import { profileMethods } from './profile-methods.js';
import { sendingMethods } from './sending-methods.js';
import { type CheckWebhookTarget, createUpdateMethods } from './update-methods.js';

/** All methods that the sandbox acts out, by name. */
export function createMethodHandlers(
  checkWebhookTarget: CheckWebhookTarget,
): ReadonlyMap<string, MethodHandler> {
  return new Map(
    Object.entries({
      ...createUpdateMethods(checkWebhookTarget),
      ...profileMethods,
      ...sendingMethods,
      ...editingMethods,
      ...chatMethods,
      ...fileMethods,
    }),
  );
}

export { filePathOf, readFilePath } from './file-methods.js';
export { mostUploadBytes } from './media-content.js';
export { type MethodCall, type MethodHandler } from './method-call.js';
