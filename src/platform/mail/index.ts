export { type Mail, Mailer } from './mailer.js';
export { writeName } from './names-in-mails.rules.js';
export { MailModule } from './mail.module.js';
