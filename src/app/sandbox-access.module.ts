import { Module } from '@nestjs/common';
import { SandboxAccessController } from './sandbox-access.controller.js';
import { SandboxAccessService } from './sandbox-access.service.js';

/** How a tenant gets into its workspace of the sandbox. */
@Module({ controllers: [SandboxAccessController], providers: [SandboxAccessService] })
export class SandboxAccessApiModule {}
