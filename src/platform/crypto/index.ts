export { deriveKey, hmac, isSameSecret, randomSecret, seal, sha256, unseal } from './crypto.js';
