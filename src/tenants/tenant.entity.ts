import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type Language } from './tenant.dto.js';

/** A customer: a workspace with members, bots, audience and schedules. */
@Entity({ name: 'tenants' })
export class Tenant {
  @PrimaryColumn({ name: 'id', type: 'uuid' })
  id: string;

  @Column({ name: 'name', type: 'text' })
  name: string;

  @Column({ name: 'language', type: 'text' })
  language: Language;

  @Column({ name: 'time_zone', type: 'text' })
  timeZone: string;

  @Column({ name: 'state', type: 'text' })
  state: 'active' | 'suspended';

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
