import { Module } from '@nestjs/common';
import { PeopleUpdate } from './people.update.js';

/** What bots say to people by themselves. */
@Module({ providers: [PeopleUpdate] })
export class MenusWorkerModule {}
