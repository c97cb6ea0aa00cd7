/** What a rule asks for on clocks, whatever they show or skip. */
export interface AskedTimes {
  /** Whether it means every so often, and not fixed times. */
  readonly isEverySoOften: boolean;
  /** The seconds of a day, by the number of the day since 1970-01-01. */
  readonly on: (day: number) => readonly number[];
}
