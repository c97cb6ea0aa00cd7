/** How long Telegram usually takes to answer; it takes its part of each second from the pace. */
const USUAL_ANSWER_SECONDS = 0.1;

/**
 * How long it takes to send one message to each chat. Bots send side by side, so the one with the most chats decides; the
 * limits of single chats and groups don't matter, since each gets one message.
 *
 * @param chatsByBot how many chats each bot writes to
 * @param perSecond messages a second of one bot; Infinity for no limit
 * @returns whole seconds, rounded up
 */
export function estimateSendingSeconds(chatsByBot: readonly number[], perSecond: number): number {
  const most = chatsByBot.reduce((largest, chats) => Math.max(largest, chats), 0);
  return Math.ceil((most * (1 + USUAL_ANSWER_SECONDS)) / perSecond);
}
