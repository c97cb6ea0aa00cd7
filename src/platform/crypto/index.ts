export { deriveKey, hmac, isSameHash, isSameSecret, randomSecret, seal, sha256, unseal } from './crypto.js';
