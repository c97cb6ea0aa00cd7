/** How often something was asked for in the window that is running. */
export interface RequestCount {
  /** Those that were just counted among them. */
  readonly hits: number;
  /** Until the window ends and counting begins anew. */
  readonly secondsLeft: number;
}

/**
 * Counts requests for all processes of the installation together, in windows that begin with the first request of a key.
 * Keys of tenants' things name the tenant.
 */
export abstract class RequestCounts {
  /**
   * @param times requests that are counted now
   * @throws Error where nobody can tell, in good time: whoever asks goes on without
   */
  abstract count(key: string, windowSeconds: number, times: number): Promise<RequestCount>;
}
