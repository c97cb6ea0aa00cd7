import { Global, Module } from '@nestjs/common';
import { ClockWatch } from './clock-watch.js';

@Global()
@Module({ providers: [ClockWatch], exports: [ClockWatch] })
export class ClockWatchModule {}
