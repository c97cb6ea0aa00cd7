/** Something that no person could do at this moment, such as writing to a bot they blocked. */
export class ActionRefusedError extends Error {}
