import { Global, Module } from '@nestjs/common';
import { ChatCounts } from '../bots/index.js';
import { TenantsModule } from '../tenants/index.js';
import { AudienceReading } from './audience-reading.repository.js';
import { AudienceService } from './audience.service.js';
import { AudienceUpdate } from './audience.update.js';
import { ChatsController } from './chats.controller.js';
import { ChatsRepository } from './chats.repository.js';
import { ChatsService } from './chats.service.js';
import { ChatMerges } from './chat-merges.js';
import { ConsentWithdrawals } from './consent-withdrawals.js';
import { ContactsRepository } from './contacts.repository.js';
import { PersonStarts } from './person-starts.js';
import { PersonTraces } from './person-traces.js';
import { TagsController } from './tags.controller.js';
import { ErasureRepository } from './erasure.repository.js';
import { ErasureService } from './erasure.service.js';
import { TagsRepository } from './tags.repository.js';
import { TimeZonesRepository } from './time-zones.repository.js';

/** Whom bots know, for every process. */
@Global()
@Module({
  imports: [TenantsModule],
  providers: [
    AudienceReading,
    AudienceService,
    ChatsRepository,
    ChatMerges,
    ConsentWithdrawals,
    PersonStarts,
    PersonTraces,
    TimeZonesRepository,
    { provide: ChatCounts, useExisting: AudienceReading },
  ],
  exports: [
    AudienceReading,
    AudienceService,
    ChatCounts,
    ChatsRepository,
    ChatMerges,
    ConsentWithdrawals,
    PersonStarts,
    PersonTraces,
    TimeZonesRepository,
  ],
})
export class AudienceModule {}

@Module({
  imports: [TenantsModule],
  controllers: [ChatsController, TagsController],
  providers: [ChatsService, TagsRepository, ErasureService, ErasureRepository],
})
export class AudienceApiModule {}

/** Keeps the audience true by what bots hear. */
@Module({ providers: [AudienceUpdate, ContactsRepository] })
export class AudienceWorkerModule {}
