import { Module } from '@nestjs/common';
import { TenantsModule } from '../tenants/index.js';
import { AssetFiles } from './asset-files.repository.js';
import { AssetStore } from './asset-store.repository.js';
import { AssetSweep } from './asset-sweep.service.js';
import { AssetService } from './asset.service.js';
import { AssetsController } from './assets.controller.js';
import { AssetsRepository } from './assets.repository.js';
import { MessageUses } from './message-uses.service.js';
import { MessageService } from './message.service.js';
import { MessagesController } from './messages.controller.js';
import { MessagesRepository } from './messages.repository.js';

@Module({
  imports: [TenantsModule],
  providers: [
    MessagesRepository,
    AssetsRepository,
    AssetService,
    AssetStore,
    AssetFiles,
    MessageUses,
    MessageService,
  ],
  exports: [MessageService, MessageUses, AssetService, AssetStore, AssetFiles],
})
export class MessagesModule {}

@Module({ imports: [MessagesModule], controllers: [MessagesController, AssetsController] })
export class MessagesApiModule {}

@Module({ imports: [MessagesModule], providers: [AssetSweep] })
export class MessagesSchedulerModule {}
