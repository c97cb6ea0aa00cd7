import { type DynamicModule, Module } from '@nestjs/common';
import { ClockWatch } from '../clock-watch/index.js';
import { DispatcherDatabase } from '../database/index.js';
import { type OldRows, OldRowsCleaning } from './old-rows.cleaning.js';

/** Each room says what of its tables is old; here it goes. */
@Module({})
export class CleaningModule {
  static forRows(...kinds: readonly OldRows[]): DynamicModule {
    return {
      module: CleaningModule,
      providers: [
        {
          provide: OldRowsCleaning,
          inject: [DispatcherDatabase, ClockWatch],
          useFactory: (database: DispatcherDatabase, clocks: ClockWatch) =>
            new OldRowsCleaning(database, clocks, kinds),
        },
      ],
    };
  }
}
