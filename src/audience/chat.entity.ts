import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type ChatState, type ChatType } from './audience.dto.js';
import { type TimeZoneSource } from './local-time.rules.js';

/** Where a bot's messages can go: a person, a group, a channel. */
@Entity({ name: 'chats' })
export class Chat {
  @PrimaryColumn({ name: 'id', type: 'uuid' })
  id: string;

  /** Key of deliveries; stays the same when a group becomes a supergroup. */
  @Column({ name: 'no', type: 'bigint', insert: false, update: false })
  no: string;

  @Column({ name: 'bot_id', type: 'uuid' })
  botId: string;

  @Column({ name: 'contact_id', type: 'uuid', nullable: true })
  contactId: string | null;

  @Column({ name: 'telegram_chat_id', type: 'bigint' })
  telegramChatId: string;

  @Column({ name: 'type', type: 'text' })
  type: ChatType;

  /** A person's name where the chat is private. */
  @Column({ name: 'title', type: 'text', nullable: true })
  title: string | null;

  @Column({ name: 'username', type: 'text', nullable: true })
  username: string | null;

  @Column({ name: 'state', type: 'text' })
  state: ChatState;

  @Column({ name: 'state_reason', type: 'text', nullable: true })
  stateReason: string | null;

  @Column({ name: 'state_changed_at', type: 'timestamptz' })
  stateChangedAt: Date;

  /** Null where it is its bot's. */
  @Column({ name: 'time_zone', type: 'text', nullable: true })
  timeZone: string | null;

  @Column({ name: 'time_zone_source', type: 'text', nullable: true })
  timeZoneSource: TimeZoneSource | null;

  @Column({ name: 'first_seen_at', type: 'timestamptz' })
  firstSeenAt: Date;

  @Column({ name: 'last_seen_at', type: 'timestamptz' })
  lastSeenAt: Date;
}
