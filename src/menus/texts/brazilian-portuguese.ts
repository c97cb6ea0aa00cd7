import { type PeopleTexts } from './people-texts.js';

export const BRAZILIAN_PORTUGUESE: PeopleTexts = {
  greeting: ({ person, bot }) =>
    `Olá, ${person}! ${bot} vai escrever para você aqui. Para não receber mais mensagens, envie /stop. Veja o que mais existe: /help.`,
  welcomeBack: 'Que bom ter você de volta! Você voltou a receber mensagens. Para parar, envie /stop.',
  stopped: 'Você não vai mais receber mensagens deste bot. Se mudar de ideia, envie /start.',
  help: ({ bot, workspace }) =>
    `${bot} envia a você mensagens de ${workspace}.\n\n/start: receber mensagens\n/stop: não receber mais\n/privacy: o que é guardado sobre você\n/help: este texto`,
  privacy: ({ bot, workspace, person }) =>
    `${bot} é mantido por ${workspace}. É guardado sobre você: seu id, nome, nome de usuário e idioma no Telegram, os grupos em que este bot encontrou você e quais mensagens ele enviou a você. O que você escreve ao bot fica guardado por 48 horas para ser atendido. O Telegram não mostra seu telefone ao bot.\n\nEnvie /stop para não receber mais mensagens. Para apagar seus dados ou receber uma cópia deles, fale com ${workspace} e informe seu número: ${person}.`,
};
