import { type Language } from '../tenants/index.js';
import { BRAZILIAN_PORTUGUESE } from './texts/brazilian-portuguese.js';
import { ENGLISH } from './texts/english.js';
import { type PeopleTexts } from './texts/people-texts.js';
import { SPANISH } from './texts/spanish.js';

const TEXTS: Readonly<Record<Language, PeopleTexts>> = {
  en: ENGLISH,
  'pt-BR': BRAZILIAN_PORTUGUESE,
  es: SPANISH,
};

/**
 * The person's language where we speak it, the tenant's otherwise.
 * @param languageCode as Telegram tells it: an IETF tag such as `pt-br`, or nothing
 */
export function languageOf(languageCode: string | undefined, tenantLanguage: Language): Language {
  const [primary] = (languageCode ?? '').toLowerCase().split('-');
  switch (primary) {
    case 'en':
      return 'en';
    case 'pt':
      return 'pt-BR';
    case 'es':
      return 'es';
    default:
      return tenantLanguage;
  }
}

export function textsIn(language: Language): PeopleTexts {
  return TEXTS[language];
}

/** What stands behind a command. */
export const readArgument = (text: string): string => text.replace(/^\/\S+\s*/, '').trim();

/** In a group, a command is for this bot only where it says so (`/help@name`): other bots listen there too. */
export function isForThisBot(chatType: string, text: string): boolean {
  return chatType === 'private' || /^\/\w+@/.test(text);
}
