/** Port: whoever issued an access token knows whether its holder still may use it. */
export abstract class AccessOracle {
  /**
   * @param token whose signature and end were looked at
   * @throws Error where nobody can tell now
   */
  abstract isStanding(token: string): Promise<boolean>;
}
