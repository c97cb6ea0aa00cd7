import { type DynamicModule, Module } from '@nestjs/common';
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
          inject: [DispatcherDatabase],
          useFactory: (database: DispatcherDatabase) => new OldRowsCleaning(database, kinds),
        },
      ],
    };
  }
}
