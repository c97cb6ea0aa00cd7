import { type Language } from '../../tenants/index.js';

/** What a person is told about their account. Names nobody: whoever signs up may write to anybody's address. */
export type AccountMail =
  | { readonly kind: 'complete_sign_up'; readonly link: string }
  | { readonly kind: 'account_exists'; readonly link: string }
  | { readonly kind: 'confirm_email'; readonly link: string }
  | { readonly kind: 'reset_password'; readonly link: string }
  | { readonly kind: 'email_changed' }
  | { readonly kind: 'password_changed' }
  | { readonly kind: 'second_factor_on' }
  | { readonly kind: 'second_factor_off' }
  | { readonly kind: 'without_tenant' };

interface Words {
  readonly subject: string;
  readonly lines: readonly string[];
}

const NOT_YOU = {
  en: 'If it was not you, set a new password at once with “Forgot password”, and ask whoever runs this installation.',
  'pt-BR':
    'Se não foi você, defina já uma nova senha em “Esqueci a senha” e procure quem cuida desta instalação.',
  es: 'Si no fuiste tú, define ya una nueva contraseña en «Olvidé mi contraseña» y avisa a quien administra esta instalación.',
} satisfies Record<Language, string>;

const WORDS: Record<AccountMail['kind'], Record<Language, Words>> = {
  complete_sign_up: {
    en: {
      subject: 'Complete your sign-up',
      lines: [
        'Somebody, probably you, signed up for an account at Arauto with this address. To make it, open within 48 hours, with the password that you chose:',
        'If it was not you, do nothing: without the link there is no account. If you signed up again, the newest link counts.',
      ],
    },
    'pt-BR': {
      subject: 'Conclua seu cadastro',
      lines: [
        'Alguém, provavelmente você, pediu uma conta no Arauto com este endereço. Para criá-la, abra em até 48 horas, com a senha que escolheu:',
        'Se não foi você, não faça nada: sem o link não há conta. Se você se cadastrou de novo, vale o link mais recente.',
      ],
    },
    es: {
      subject: 'Completa tu registro',
      lines: [
        'Alguien, probablemente tú, pidió una cuenta en Arauto con esta dirección. Para crearla, abre en un plazo de 48 horas, con la contraseña que elegiste:',
        'Si no fuiste tú, no hagas nada: sin el enlace no hay cuenta. Si te registraste otra vez, vale el enlace más reciente.',
      ],
    },
  },
  account_exists: {
    en: {
      subject: 'You have an account already',
      lines: [
        'Somebody, probably you, signed up at Arauto with this address, which has an account. Sign in, or set a new password with “Forgot password”:',
        'If it was not you, do nothing: your account stays as it is.',
      ],
    },
    'pt-BR': {
      subject: 'Você já tem uma conta',
      lines: [
        'Alguém, provavelmente você, fez um cadastro no Arauto com este endereço, que já tem uma conta. Entre, ou defina uma nova senha em “Esqueci a senha”:',
        'Se não foi você, não faça nada: sua conta continua a mesma.',
      ],
    },
    es: {
      subject: 'Ya tienes una cuenta',
      lines: [
        'Alguien, probablemente tú, se registró en Arauto con esta dirección, que ya tiene una cuenta. Entra, o define una nueva contraseña en «Olvidé mi contraseña»:',
        'Si no fuiste tú, no hagas nada: tu cuenta sigue igual.',
      ],
    },
  },
  confirm_email: {
    en: {
      subject: 'Confirm your e-mail address',
      lines: [
        'Somebody, probably you, gave this address for an account at Arauto. To confirm it, open within 48 hours:',
        'If it was not you, do nothing: without the link the address is not confirmed.',
      ],
    },
    'pt-BR': {
      subject: 'Confirme seu endereço de e-mail',
      lines: [
        'Alguém, provavelmente você, informou este endereço para uma conta no Arauto. Para confirmar, abra em até 48 horas:',
        'Se não foi você, não faça nada: sem o link o endereço não é confirmado.',
      ],
    },
    es: {
      subject: 'Confirma tu dirección de correo',
      lines: [
        'Alguien, probablemente tú, dio esta dirección para una cuenta en Arauto. Para confirmarla, abre en un plazo de 48 horas:',
        'Si no fuiste tú, no hagas nada: sin el enlace la dirección no se confirma.',
      ],
    },
  },
  reset_password: {
    en: {
      subject: 'Set a new password',
      lines: [
        'Somebody, probably you, asked for a new password for your account at Arauto. To set one, open within an hour:',
        'If it was not you, do nothing: your password stays as it is.',
      ],
    },
    'pt-BR': {
      subject: 'Defina uma nova senha',
      lines: [
        'Alguém, provavelmente você, pediu uma nova senha para sua conta no Arauto. Para defini-la, abra em até uma hora:',
        'Se não foi você, não faça nada: sua senha continua a mesma.',
      ],
    },
    es: {
      subject: 'Define una nueva contraseña',
      lines: [
        'Alguien, probablemente tú, pidió una nueva contraseña para tu cuenta en Arauto. Para definirla, abre en el plazo de una hora:',
        'Si no fuiste tú, no hagas nada: tu contraseña sigue igual.',
      ],
    },
  },
  email_changed: {
    en: {
      subject: 'The e-mail address of your account was changed',
      lines: ['Your account at Arauto has another e-mail address from now on; this one no longer signs in.'],
    },
    'pt-BR': {
      subject: 'O endereço de e-mail da sua conta foi alterado',
      lines: ['Sua conta no Arauto passa a ter outro endereço de e-mail; com este não se entra mais.'],
    },
    es: {
      subject: 'Se cambió la dirección de correo de tu cuenta',
      lines: ['Tu cuenta en Arauto tiene desde ahora otra dirección de correo; con esta ya no se entra.'],
    },
  },
  password_changed: {
    en: {
      subject: 'Your password was changed',
      lines: ['The password of your account at Arauto was changed, and its other sessions were ended.'],
    },
    'pt-BR': {
      subject: 'Sua senha foi alterada',
      lines: ['A senha da sua conta no Arauto foi alterada e as outras sessões foram encerradas.'],
    },
    es: {
      subject: 'Se cambió tu contraseña',
      lines: ['Se cambió la contraseña de tu cuenta en Arauto y se cerraron sus otras sesiones.'],
    },
  },
  second_factor_on: {
    en: {
      subject: 'A second factor guards your account',
      lines: ['From now on, signing in to your account at Arauto also takes a code from your authenticator.'],
    },
    'pt-BR': {
      subject: 'Um segundo fator protege sua conta',
      lines: ['A partir de agora, entrar na sua conta no Arauto exige também um código do seu autenticador.'],
    },
    es: {
      subject: 'Un segundo factor protege tu cuenta',
      lines: ['Desde ahora, entrar en tu cuenta de Arauto pide también un código de tu autenticador.'],
    },
  },
  second_factor_off: {
    en: {
      subject: 'The second factor of your account was removed',
      lines: ['From now on, the password alone signs in to your account at Arauto.'],
    },
    'pt-BR': {
      subject: 'O segundo fator da sua conta foi removido',
      lines: ['A partir de agora, só a senha basta para entrar na sua conta no Arauto.'],
    },
    es: {
      subject: 'Se quitó el segundo factor de tu cuenta',
      lines: ['Desde ahora, basta la contraseña para entrar en tu cuenta de Arauto.'],
    },
  },
  without_tenant: {
    en: {
      subject: 'Your account belongs to no tenant any more',
      lines: [
        'You are a member of no tenant at Arauto any more, so your account will be deleted in 30 days.',
        'To keep it, sign up again with this address and your password, or accept an invitation.',
      ],
    },
    'pt-BR': {
      subject: 'Sua conta não pertence mais a nenhum espaço',
      lines: [
        'Você não é mais membro de nenhum espaço no Arauto, por isso sua conta será excluída em 30 dias.',
        'Para mantê-la, cadastre-se de novo com este endereço e sua senha, ou aceite um convite.',
      ],
    },
    es: {
      subject: 'Tu cuenta ya no pertenece a ningún espacio',
      lines: [
        'Ya no eres miembro de ningún espacio en Arauto, por eso tu cuenta se eliminará en 30 días.',
        'Para conservarla, regístrate de nuevo con esta dirección y tu contraseña, o acepta una invitación.',
      ],
    },
  },
};

/** Subject and text of a mail, in the person's language. */
export function writeAccountMail(mail: AccountMail, language: Language): { subject: string; text: string } {
  const { subject, lines } = WORDS[mail.kind][language];
  const [first = '', ...rest] = lines;
  const paragraphs = [
    first,
    ...('link' in mail ? [mail.link] : []),
    ...rest,
    // Who was removed from a tenant knows by whom.
    ...('link' in mail || mail.kind === 'without_tenant' ? [] : [NOT_YOU[language]]),
  ];
  return { subject, text: paragraphs.join('\n\n') };
}
