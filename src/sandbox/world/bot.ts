import { BotPace, type SandboxLimits } from '../limits/limits.rules.js';
import { type CallbackQueries } from './callback-queries.js';
import { type GroupSeat, type PrivateChat } from './chats.js';
import { type UpdateQueue } from './update-queue.js';
import { type WireUser } from './wire-objects.js';
import { type Workspace } from './workspace.js';

/** How long an answer takes: a number drawn evenly between the two. */
export interface Latency {
  minimumMs: number;
  maximumMs: number;
}

export interface Webhook {
  url: string;
  secretToken: string | undefined;
  maxConnections: number;
  lastErrorDate?: number;
  lastErrorMessage?: string;
}

/** What a bot says about itself, per language code ('' for everybody). */
export interface BotProfile {
  names: Record<string, string>;
  descriptions: Record<string, string>;
  shortDescriptions: Record<string, string>;
  /** By scope and language. */
  commands: Record<string, unknown[]>;
  /** By chat id; 0 for the default. */
  menuButtons: Record<number, unknown>;
}

export interface Bot {
  readonly id: number;
  readonly workspace: Workspace;
  token: string;
  readonly user: WireUser;
  canReadAllGroupMessages: boolean;
  readonly profile: BotProfile;
  /** By person. */
  readonly privateChats: Map<number, PrivateChat>;
  /** By group. */
  readonly seats: Map<number, GroupSeat>;
  readonly updates: UpdateQueue;
  readonly callbackQueries: CallbackQueries;
  readonly pace: BotPace;
  webhook: Webhook | undefined;
  limits: Partial<SandboxLimits>;
  latency: Latency | undefined;
}

export function emptyProfile(): BotProfile {
  return { names: {}, descriptions: {}, shortDescriptions: {}, commands: {}, menuButtons: {} };
}
