import { type PeopleTexts } from './people-texts.js';

export const SPANISH: PeopleTexts = {
  greeting: ({ person, bot }) =>
    `¡Hola, ${person}! ${bot} te escribirá aquí. Para no recibir más mensajes, envía /stop. Qué más hay: /help.`,
  welcomeBack:
    '¡Qué bueno tenerte de vuelta! Vuelves a recibir mensajes. Para dejar de recibirlos, envía /stop.',
  stopped: 'Ya no recibirás mensajes de este bot. Si cambias de idea, envía /start.',
  timeZoneTaken: (timeZone) => `Desde ahora, tu hora local es la de ${timeZone}.`,
  timeZoneAsked:
    'Envía /timezone con el nombre de tu zona horaria o de su ciudad, por ejemplo: /timezone Europe/Madrid o /timezone Buenos Aires.',
  help: ({ bot, workspace }) =>
    `${bot} te envía mensajes de ${workspace}.\n\n/start: recibir mensajes\n/stop: no recibir ninguno\n/timezone: decir dónde estás, para mensajes a tu hora local\n/privacy: qué se guarda sobre ti\n/help: este texto`,
  privacy: ({ bot, workspace, person }) =>
    `${bot} es de ${workspace}. Se guarda sobre ti: tu id, nombre, nombre de usuario e idioma en Telegram, los grupos en los que este bot te encontró, tu zona horaria si la dijiste, y qué mensajes te envió. Lo que escribes al bot se guarda 48 horas para atenderlo. Telegram no muestra tu teléfono al bot.\n\nEnvía /stop para no recibir más mensajes. Para borrar tus datos o recibir una copia, habla con ${workspace} y di tu número: ${person}.`,
};
