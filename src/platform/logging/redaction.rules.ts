/** Open to the right: a secret longer than any known one must not leave its tail behind. */
const tokensInText = /(\d{1,16})(?::|%3[Aa])[A-Za-z0-9_-]{30,}/g;

/** API keys: their id tells whose it was and opens nothing. */
const apiKeysInText = /(arauto_[0-9a-f]{32}_)[A-Za-z0-9_-]+/g;

/** Removes everything token-shaped from a text that leaves for a log, an error or a person. */
export function redactTokens(text: string): string {
  return text.replace(tokensInText, '$1:…').replace(apiKeysInText, '$1…');
}
