import { writeName } from '../../platform/mail/index.js';
import { type Language } from '../../tenants/index.js';

interface DeletionMail {
  readonly subject: string;
  readonly text: string;
}

interface Facts {
  readonly tenantName: string;
  /** YYYY-MM-DD, in UTC. */
  readonly dueDay: string;
  readonly restoreToken: string;
}

const TEXTS: Record<Language, (facts: Facts) => DeletionMail> = {
  en: ({ tenantName, dueDay, restoreToken }) => ({
    subject: `${tenantName} will be deleted on ${dueDay}`,
    text: `An owner asked to delete ${tenantName} with everything in it: bots, audience, messages, reports. Nothing is sent any more. On ${dueDay} (UTC) it is gone for good.

To keep it, send this token to POST /api/v1/tenant/restoration before then:

${restoreToken}`,
  }),
  'pt-BR': ({ tenantName, dueDay, restoreToken }) => ({
    subject: `${tenantName} será apagado em ${dueDay}`,
    text: `Um proprietário pediu para apagar ${tenantName} com tudo o que contém: bots, público, mensagens, relatórios. Nada mais é enviado. Em ${dueDay} (UTC) tudo some para sempre.

Para manter, envie este código a POST /api/v1/tenant/restoration antes disso:

${restoreToken}`,
  }),
  es: ({ tenantName, dueDay, restoreToken }) => ({
    subject: `${tenantName} se borrará el ${dueDay}`,
    text: `Un propietario pidió borrar ${tenantName} con todo lo que contiene: bots, público, mensajes, informes. Ya no se envía nada. El ${dueDay} (UTC) desaparece para siempre.

Para conservarlo, envía este código a POST /api/v1/tenant/restoration antes de esa fecha:

${restoreToken}`,
  }),
};

export function deletionMail(language: Language, facts: Facts): DeletionMail {
  return TEXTS[language]({ ...facts, tenantName: writeName(facts.tenantName) });
}
