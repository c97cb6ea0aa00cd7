import { writeName } from '../../platform/mail/index.js';
import { type Language } from '../tenant.dto.js';

/** What an invitation's mail tells. */
export interface InvitationFacts {
  readonly inviterName: string;
  readonly tenantName: string;
  /** Address with the secret in it: whoever has it can join. */
  readonly link: string;
  readonly days: number;
}

type Text = (facts: InvitationFacts) => { readonly subject: string; readonly text: string };

const TEXTS: Readonly<Record<Language, Text>> = {
  en: ({ inviterName, tenantName, link, days }) => ({
    subject: `${inviterName} invites you to ${tenantName}`,
    text: `Hello,

${inviterName} invites you to work in "${tenantName}" on Arauto. To join, open this link within ${days} days:

${link}

It works once and is meant for you alone. If you don't know ${inviterName}, do nothing.`,
  }),
  'pt-BR': ({ inviterName, tenantName, link, days }) => ({
    subject: `${inviterName} convidou você para ${tenantName}`,
    text: `Olá,

${inviterName} convidou você para trabalhar em "${tenantName}" no Arauto. Para entrar, abra este link em até ${days} dias:

${link}

Ele funciona uma única vez e é só seu. Se você não conhece ${inviterName}, não faça nada.`,
  }),
  es: ({ inviterName, tenantName, link, days }) => ({
    subject: `${inviterName} te invita a ${tenantName}`,
    text: `Hola:

${inviterName} te invita a trabajar en "${tenantName}" en Arauto. Para unirte, abre este enlace en un plazo de ${days} días:

${link}

Funciona una sola vez y es solo para ti. Si no conoces a ${inviterName}, no hagas nada.`,
  }),
};

export function writeInvitation(
  language: Language,
  facts: InvitationFacts,
): { readonly subject: string; readonly text: string } {
  const [inviterName, tenantName] = [writeName(facts.inviterName), writeName(facts.tenantName)];
  return TEXTS[language]({ ...facts, inviterName, tenantName });
}
