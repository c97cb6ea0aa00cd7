import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type BotEnvironment, type BotState, type UpdatesMode } from './bot-state.rules.js';

/** A Telegram bot that a tenant connected, as the tenant sees it; its token is not part of it. */
@Entity({ name: 'bots' })
export class Bot {
  @PrimaryColumn({ name: 'id', type: 'uuid' })
  id: string;

  /** Key inside the installation; never leaves the API. */
  @Column({ name: 'no', type: 'bigint', insert: false, update: false })
  no: string;

  @Column({ name: 'tenant_id', type: 'uuid' })
  tenantId: string;

  @Column({ name: 'environment', type: 'text' })
  environment: BotEnvironment;

  /** Where the bot is at home: with its number at Telegram, who it is. */
  @Column({ name: 'api_root', type: 'text' })
  home: string;

  @Column({ name: 'telegram_id', type: 'bigint' })
  telegramId: string;

  /** What the tenant calls it; people in Telegram see `firstName`. */
  @Column({ name: 'name', type: 'text' })
  name: string;

  @Column({ name: 'username', type: 'text', nullable: true })
  username: string | null;

  @Column({ name: 'first_name', type: 'text' })
  firstName: string;

  /** Null for the tenant's. */
  @Column({ name: 'time_zone', type: 'text', nullable: true })
  timeZone: string | null;

  @Column({ name: 'updates_mode', type: 'text' })
  updatesMode: UpdatesMode;

  @Column({ name: 'state', type: 'text' })
  state: BotState;

  @Column({ name: 'state_reason', type: 'text', nullable: true })
  stateReason: string | null;

  @Column({ name: 'state_changed_at', type: 'timestamptz' })
  stateChangedAt: Date;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
