import { join } from 'node:path';
import { Global, Module } from '@nestjs/common';
import { Configuration } from '../../config/index.js';
import { Clock } from '../clock/index.js';
import { MailFolder } from './mail-folder.js';
import { Mailer } from './mailer.js';

@Global()
@Module({
  providers: [
    {
      provide: Mailer,
      inject: [Configuration, Clock],
      useFactory: (configuration: Configuration, clock: Clock) =>
        new MailFolder(join(configuration.settings.ARAUTO_HOME, 'mail'), clock),
    },
  ],
  exports: [Mailer],
})
export class MailModule {}
