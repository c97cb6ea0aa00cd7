import { type SandboxLimits } from '../limits/limits.rules.js';
import { type Bot, type Latency } from './bot.js';
import { type Group, type Person } from './chats.js';

/** What somebody who plays a person wants to know at once. */
export interface WorldEvent {
  type: 'message' | 'edited_message' | 'deleted_message' | 'callback_answer' | 'chat_action';
  botId: number;
  chatId: number;
  payload: unknown;
}

/** All that one tenant made; nobody else sees any of it. */
export class Workspace {
  readonly bots = new Map<number, Bot>();
  readonly people = new Map<number, Person>();
  readonly groups = new Map<number, Group>();
  limits: Partial<SandboxLimits> = {};
  latency: Latency | undefined;
  /** Unknown parameters are refused; undefined takes the sandbox's own default. */
  isStrict: boolean | undefined;
  /** Ledger rows up to here were deleted by the workspace. */
  ledgerFloor = 0;
  readonly watchers = new Set<(event: WorldEvent) => void>();

  constructor(
    readonly id: string,
    /** Stands for the id in the ledger; 1 or more. */
    readonly number: number,
  ) {}

  announce(event: WorldEvent): void {
    for (const watch of this.watchers) watch(event);
  }
}
