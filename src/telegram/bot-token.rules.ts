/**
 * The shape of a bot's token: the bot's id, a colon and a secret. Telegram's secrets have 35 characters; the bounds
 * are wider, because Telegram promises no length, and tight enough that a token can't change the path of a request.
 */
const tokenShape = /^\d{1,16}:[A-Za-z0-9_-]{30,64}$/;

/** Open to the right: a secret longer than any known one must not leave its tail behind. */
const tokensInText = /(\d{1,16})(?::|%3[Aa])[A-Za-z0-9_-]{30,}/g;

export function isBotToken(text: string): boolean {
  return tokenShape.test(text);
}

/** Removes everything token-shaped from a text that leaves for a log, an error or a person. */
export function redactTokens(text: string): string {
  return text.replace(tokensInText, '$1:…');
}
