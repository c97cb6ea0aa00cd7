/**
 * Two independent 32-bit FNV-1a style hashes over UTF-16 code units: 64 bits tell a million texts apart, at a
 * fraction of what a cryptographic hash costs per request. Not meant to withstand forgery.
 */
export function hashContent(content: string): { high: number; low: number } {
  let high = 0x811c9dc5;
  let low = 0x9747b28c;
  for (let index = 0; index < content.length; index++) {
    const unit = content.charCodeAt(index);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit, 0x5bd1e995);
    low ^= low >>> 13;
  }
  return { high: high >>> 0, low: low >>> 0 };
}
