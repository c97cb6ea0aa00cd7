export {
  deriveKey,
  hmac,
  isSameHash,
  isSameSecret,
  randomSecret,
  seal,
  sha256,
  unseal,
  UnsealError,
} from './crypto.js';
export { KeyRing, type Unsealed } from './key-ring.js';
