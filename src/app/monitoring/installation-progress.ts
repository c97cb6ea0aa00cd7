import { type Readiness } from './readiness.js';

/** How far this process is on its way from its start to its stop. */
export class InstallationProgress {
  private stage: 'starting' | 'started' | 'stopping' = 'starting';
  private step = 'starting';
  private known: Readiness | undefined;

  /** @param step what is waited for, in a few words */
  begin(step: string): void {
    this.step = step;
  }

  /** @param readiness nothing to look at where the process is a sandbox alone */
  noteStarted(readiness?: Readiness): void {
    this.stage = 'started';
    this.known = readiness;
  }

  noteStopping(): void {
    this.stage = 'stopping';
  }

  /** @returns what is waited for; undefined once it has started, also while it stops */
  findUnstarted(): string | undefined {
    return this.stage === 'starting' ? this.step : undefined;
  }

  /** @returns why no work should be sent here; undefined where nothing but its surroundings may speak against it */
  findClosed(): string | undefined {
    return this.stage === 'stopping' ? 'stopping' : this.findUnstarted();
  }

  get readiness(): Readiness | undefined {
    return this.known;
  }
}
