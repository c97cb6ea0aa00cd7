import { languageSchema } from '../tenants/index.js';
import { isForThisBot, languageOf, readArgument, textsIn } from './people-language.rules.js';

describe('languageOf', () => {
  it.each([
    ['pt-br', 'pt-BR'],
    ['pt', 'pt-BR'],
    ['es-419', 'es'],
    ['EN', 'en'],
    ['de', 'es'],
    ['', 'es'],
    [undefined, 'es'],
  ])('takes %s for %s where the tenant speaks Spanish', (code, language) => {
    expect(languageOf(code, 'es')).toBe(language);
  });
});

describe('the texts', () => {
  it.each(languageSchema.options)('fit a message and say how to stop, in %s', (language) => {
    const texts = textsIn(language);
    const longest = { person: 'x'.repeat(64), bot: 'y'.repeat(64), workspace: 'z'.repeat(100) };
    for (const text of [
      texts.greeting(longest),
      texts.help(longest),
      texts.privacy({ ...longest, person: 2 ** 52 }),
      texts.welcomeBack,
      `${texts.timeZoneAsked} ${texts.timeZoneTaken('America/Argentina/ComodRivadavia')} /stop`,
    ]) {
      expect(text.length).toBeLessThan(4096);
      expect(text).toContain('/stop');
    }
    expect(texts.stopped).toContain('/start');
  });
});

describe('readArgument', () => {
  it.each([
    ['/timezone New York', 'New York'],
    ['/timezone@herald_bot  Europe/Lisbon ', 'Europe/Lisbon'],
    ['/timezone', ''],
  ])('finds in %s: %s', (text, argument) => {
    expect(readArgument(text)).toBe(argument);
  });
});

describe('isForThisBot', () => {
  it.each([
    ['private', '/help', true],
    ['group', '/help', false],
    ['supergroup', '/help@herald_bot', true],
    ['group', '/help mail me @home', false],
  ])('in a %s, %s: %s', (type, text, expected) => {
    expect(isForThisBot(type, text)).toBe(expected);
  });
});
