import { type PeopleTexts } from './people-texts.js';

export const BRAZILIAN_PORTUGUESE: PeopleTexts = {
  greeting: ({ person, bot }) =>
    `Olá, ${person}! ${bot} vai escrever para você aqui. Para não receber mais mensagens, envie /stop. Veja o que mais existe: /help.`,
  welcomeBack: 'Que bom ter você de volta! Você voltou a receber mensagens. Para parar, envie /stop.',
  stopped: 'Você não vai mais receber mensagens deste bot. Se mudar de ideia, envie /start.',
  timeZoneTaken: (timeZone) => `A partir de agora, seu horário local é o de ${timeZone}.`,
  timeZoneAsked:
    'Envie /timezone com o nome do seu fuso horário ou da cidade dele, por exemplo: /timezone America/Sao_Paulo ou /timezone Manaus.',
  help: ({ bot, workspace }) =>
    `${bot} envia a você mensagens de ${workspace}.\n\n/start: receber mensagens\n/stop: não receber mais\n/timezone: dizer onde você está, para mensagens no seu horário local\n/privacy: o que é guardado sobre você\n/help: este texto`,
  privacy: ({ bot, workspace, person }) =>
    `${bot} é mantido por ${workspace}. É guardado sobre você: seu id, nome, nome de usuário e idioma no Telegram, os grupos em que este bot encontrou você, seu fuso horário se você o disse, e quais mensagens ele enviou a você. O que você escreve ao bot fica guardado por 48 horas para ser atendido. O Telegram não mostra seu telefone ao bot.\n\nEnvie /stop para não receber mais mensagens. Para apagar seus dados ou receber uma cópia deles, fale com ${workspace} e informe seu número: ${person}.`,
};
