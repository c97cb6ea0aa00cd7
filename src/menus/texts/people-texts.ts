/** What a bot says to people by itself, in one language. Plain text: no markup, so that names need no escaping. */
export interface PeopleTexts {
  readonly greeting: (names: { readonly person: string; readonly bot: string }) => string;
  readonly welcomeBack: string;
  readonly stopped: string;
  /** Answers /timezone with a zone that is known. */
  readonly timeZoneTaken: (timeZone: string) => string;
  /** Answers /timezone without one. */
  readonly timeZoneAsked: string;
  readonly help: (names: { readonly bot: string; readonly workspace: string }) => string;
  readonly privacy: (names: {
    readonly bot: string;
    readonly workspace: string;
    /** Their number at Telegram, by which the workspace finds them. */
    readonly person: number;
  }) => string;
}
