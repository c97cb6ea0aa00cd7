/** What an attack came to: how often it was tried, and what got through. */
export interface AttackOutcome {
  readonly tries: number;
  readonly passed: readonly string[];
}
