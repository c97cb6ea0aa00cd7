import { hostname } from 'node:os';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Configuration } from '../../config/index.js';
import { Clock, Repeater } from '../clock/index.js';
import { DispatcherDatabase } from '../database/index.js';
import {
  aheadMsOf,
  type ClockReading,
  doClocksAgree,
  LONGEST_READING_MS,
  setBackMsOf,
} from './clock-agreement.rules.js';

const LOOK_EVERY_MS = 2_000;

/** PostgreSQL's channel on which a process tells that it holds. */
export const HOLDS_CHANNEL = 'arauto_clock_holds';

/** A process that holds sending, as it tells of it with every look. */
export interface ClockHold {
  /** Host and process id, as in its log. */
  readonly process: string;
  readonly databaseAheadSeconds: number;
}

/**
 * Holds the database's clock, by which everything is due, against this process's own. While they disagree by more than a
 * minute nobody knows which one is right: then nothing that people would get, and nothing that is deleted by its age, begins
 * here. It goes on by itself once they agree.
 */
@Injectable()
export class ClockWatch implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ClockWatch.name);
  private readonly looking = new Repeater(LOOK_EVERY_MS, () => this.lookAndTell(), this.logger);
  private readonly holdListeners: (() => void)[] = [];
  private readonly setBackListeners: ((setBackMs: number) => void)[] = [];
  private readonly process = `${hostname()}/${process.pid}`;
  private aheadMs = 0;
  private isApart = false;
  private lastLook: ClockReading | undefined;
  private untoldSetBackMs = 0;

  constructor(
    private readonly database: DispatcherDatabase,
    private readonly clock: Clock,
    private readonly configuration: Configuration,
  ) {}

  onApplicationBootstrap(): void {
    this.looking.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.looking.stop();
  }

  /** Whether sending is held in this process. */
  get isHolding(): boolean {
    return this.isApart;
  }

  /** How far the database's clock is ahead of this process's, as last read. */
  get databaseAheadSeconds(): number {
    return Math.round(this.aheadMs / 1_000);
  }

  /** @param listener called when sending begins to be held */
  onHold(listener: () => void): void {
    this.holdListeners.push(listener);
  }

  /** @param listener called when the database's clock was set back, once it agrees: what was to wait until then would wait longer */
  onDatabaseSetBack(listener: (setBackMs: number) => void): void {
    this.setBackListeners.push(listener);
  }

  /** Reads the database's clock now. @returns whether it agrees, so that what is due by it may begin */
  async look(): Promise<boolean> {
    const read = this.beginReading();
    const [row] = await this.database.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    return row !== undefined && read(row.now);
  }

  /**
   * For who reads the database's clock together with what is due by it. Called before the question.
   * @returns takes what the clock showed, and tells whether what is due by it may begin
   */
  beginReading(): (databaseNow: Date) => boolean {
    const askedMs = this.clock.monotonicMs();
    return (databaseNow) => {
      const answeredAtMonotonicMs = this.clock.monotonicMs();
      return this.judge({
        databaseMs: databaseNow.getTime(),
        answeredAtMs: this.clock.now().getTime(),
        answeredAtMonotonicMs,
        tookMs: answeredAtMonotonicMs - askedMs,
      });
    };
  }

  private async lookAndTell(): Promise<void> {
    await this.look();
    if (!this.isApart) return;
    const hold: ClockHold = { process: this.process, databaseAheadSeconds: this.databaseAheadSeconds };
    await this.database.query('SELECT pg_notify($1, $2)', [HOLDS_CHANNEL, JSON.stringify(hold)]);
  }

  private judge(reading: ClockReading): boolean {
    const aheadMs = aheadMsOf(reading);
    if (aheadMs === undefined) {
      this.logger.warn(`the database took more than ${LONGEST_READING_MS} ms to tell the time; asked again`);
      return false;
    }
    if (this.lastLook) this.untoldSetBackMs += setBackMsOf(this.lastLook, reading);
    this.lastLook = reading;
    this.aheadMs = aheadMs;
    this.note(!doClocksAgree(aheadMs));
    if (this.untoldSetBackMs > 0 && !this.isApart) this.tellOfSetBack();
    return !this.isApart;
  }

  private note(isApart: boolean): void {
    if (isApart === this.isApart) return;
    this.isApart = isApart;
    if (isApart) {
      this.logger.error(
        `the database's clock is ${Math.abs(this.databaseAheadSeconds)} s ${this.aheadMs > 0 ? 'ahead of' : 'behind'} ` +
          `this process's (${this.process}, ` +
          `${this.configuration.settings.ARAUTO_ROLES.join(', ')}): sending is held here until they agree; set right the one that is wrong`,
      );
      for (const listener of this.holdListeners) listener();
    } else {
      this.logger.log('the clocks agree again: sending goes on');
    }
  }

  private tellOfSetBack(): void {
    const setBackMs = this.untoldSetBackMs;
    this.untoldSetBackMs = 0;
    this.logger.warn(`the database's clock was set back by ${Math.round(setBackMs / 1_000)} s`);
    for (const listener of this.setBackListeners) listener(setBackMs);
  }
}
