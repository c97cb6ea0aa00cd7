import { join } from 'node:path';
import { Global, Logger, Module } from '@nestjs/common';
import { Configuration } from '../../config/index.js';
import { BackgroundWork, Clock } from '../clock/index.js';
import { RequestCounts, RequestCountsModule } from '../request-counts/index.js';
import { MailFolder } from './mail-folder.js';
import { type MailTransport } from './mail-transport.js';
import { Mailer } from './mailer.js';
import { PatientMailer } from './patient-mailer.js';
import { RecipientAllowance } from './recipient-allowance.js';
import { SmtpServer } from './smtp-server.js';

@Global()
@Module({
  imports: [RequestCountsModule],
  providers: [
    {
      provide: Mailer,
      inject: [Configuration, Clock, BackgroundWork, RequestCounts],
      useFactory: (
        configuration: Configuration,
        clock: Clock,
        background: BackgroundWork,
        counts: RequestCounts,
      ) =>
        new PatientMailer(chooseTransport(configuration, clock), background, new RecipientAllowance(counts)),
    },
  ],
  exports: [Mailer],
})
export class MailModule {}

/** In production nobody looks into a folder: without a server, what needs mail says so, and all else works. */
export function chooseTransport(configuration: Configuration, clock: Clock): MailTransport | undefined {
  const { SMTP_URL, MAIL_FROM, ARAUTO_HOME } = configuration.settings;
  if (SMTP_URL !== undefined && MAIL_FROM !== undefined) return new SmtpServer(SMTP_URL, MAIL_FROM);
  if (!configuration.isProduction) return new MailFolder(join(ARAUTO_HOME, 'mail'), clock);
  if (configuration.hasRole('api')) {
    new Logger('mail').warn(
      'no mail is sent: set SMTP_URL and MAIL_FROM, or nobody can confirm an address or get back in without a password',
    );
  }
  return undefined;
}
