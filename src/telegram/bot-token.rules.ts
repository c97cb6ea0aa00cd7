/**
 * The shape of a bot's token: the bot's id, a colon and a secret. Telegram's secrets have 35 characters; the bounds
 * are wider, because Telegram promises no length, and tight enough that a token can't change the path of a request.
 */
const tokenShape = /^(\d{1,16}):[A-Za-z0-9_-]{30,64}$/;

/** Open to the right: a secret longer than any known one must not leave its tail behind. */
const tokensInText = /(\d{1,16})(?::|%3[Aa])[A-Za-z0-9_-]{30,}/g;

export function isBotToken(text: string): boolean {
  return tokenShape.test(text);
}

/** The numeric id of the bot (at most 52 bits in Telegram's own words), or undefined where the shape is wrong. */
export function readBotId(token: string): number | undefined {
  const botId = Number(tokenShape.exec(token)?.[1]);
  return Number.isSafeInteger(botId) ? botId : undefined;
}

/** What may be shown of a token: `123456:…`. Nothing of a text that is no token is shown. */
export function maskBotToken(token: string): string {
  return `${tokenShape.exec(token)?.[1] ?? ''}:…`;
}

/** Removes everything token-shaped from a text that leaves for a log, an error or a person. */
export function redactTokens(text: string): string {
  return text.replace(tokensInText, '$1:…');
}
