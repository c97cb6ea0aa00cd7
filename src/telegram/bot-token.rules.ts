/**
 * The shape of a bot's token: the bot's id, a colon and a secret. Telegram's secrets have 35 characters; the bounds
 * are wider, because Telegram promises no length, and tight enough that a token can't change the path of a request.
 */
const tokenShape = /^\d{1,16}:[A-Za-z0-9_-]{30,64}$/;

export function isBotToken(text: string): boolean {
  return tokenShape.test(text);
}
