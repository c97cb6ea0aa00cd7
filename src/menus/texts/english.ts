import { type PeopleTexts } from './people-texts.js';

export const ENGLISH: PeopleTexts = {
  greeting: ({ person, bot }) =>
    `Hello, ${person}! ${bot} will write to you here. To stop the messages, send /stop. What else there is: /help.`,
  welcomeBack: 'Welcome back! You get messages again. To stop them, send /stop.',
  stopped: 'You get no more messages from this bot. If you change your mind, send /start.',
  timeZoneTaken: (timeZone) => `Your local time is that of ${timeZone} from now on.`,
  timeZoneAsked:
    'Send /timezone with the name of your time zone or its city, for example: /timezone Europe/Lisbon or /timezone New York.',
  help: ({ bot, workspace }) =>
    `${bot} sends you messages of ${workspace}.\n\n/start: get messages\n/stop: get none\n/timezone: say where you are, for messages at your local time\n/privacy: what is stored about you\n/help: this text`,
  privacy: ({ bot, workspace, person }) =>
    `${bot} is run by ${workspace}. Stored about you: your Telegram id, name, username and language, the groups in which this bot has met you, your time zone if you said it, and which messages it sent you. What you write to the bot is kept for 48 hours to be handled. Telegram shows the bot no phone number.\n\nSend /stop to get no more messages. To have your data deleted or to get a copy of it, ask ${workspace} and name your number: ${person}.`,
};
