import {
  addFigures,
  type Arrival,
  computeFigures,
  type Delivery,
  findMismatches,
  percentile,
  type Sending,
} from '../../../scripts/demo/figures.mjs';

const BOT = 7;
const DUE_MS = 1_000_000;

const sentTo = (chat: number, messageId: number): Delivery => ({
  bot: BOT,
  chat,
  state: 'sent',
  reason: null,
  messageId,
});
const failedAt = (chat: number, reason: string): Delivery => ({
  bot: BOT,
  chat,
  state: 'failed',
  reason,
  messageId: null,
});
const arrivalAt = (chat: number, messageId: number, afterMs = 50): Arrival => ({
  bot: BOT,
  chat,
  messageId,
  arrivedAtMs: DUE_MS + afterMs,
});

/** Two people get the message, a third has blocked the bot: as it should be. */
function soundSending(): Sending {
  const deliveries = [sentTo(1, 11), sentTo(2, 12), failedAt(3, 'blocked')];
  return {
    name: 'greeting',
    broadcasts: [{ dueAtMs: DUE_MS, state: 'finished', counts: { accepted: 3, sent: 2 }, deliveries }],
    arrivals: [arrivalAt(1, 11, 50), arrivalAt(2, 12, 550)],
    expected: {
      broadcasts: 1,
      sent: 2,
      exceptions: [{ why: 'blocked', chats: [3], outcomes: ['failed blocked'] }],
    },
  };
}

const judge = (sending: Sending, movedChats?: Map<number, number>) =>
  findMismatches(sending, computeFigures(sending, movedChats));

describe("the demo's figures", () => {
  it('finds nothing wrong where report, ledger and scenario agree', () => {
    const sending = soundSending();

    expect(computeFigures(sending)).toEqual({
      name: 'greeting',
      accepted: 3,
      sent: 2,
      failed: 1,
      skipped: 0,
      unknown: 0,
      cancelled: 0,
      unfinished: 0,
      reasons: { 'failed blocked': 1 },
      lost: 0,
      duplicated: 0,
      latenessMs: [50],
      perSecond: 4,
    });
    expect(judge(sending)).toEqual([]);
  });

  it('counts a message as lost that is called sent and never arrived', () => {
    const sending = soundSending();
    sending.arrivals.pop();

    expect(computeFigures(sending).lost).toBe(1);
    expect(judge(sending)).toEqual(['greeting: 1 lost']);
  });

  it('counts a delivery as lost of which nothing is known in the end', () => {
    const sending = soundSending();
    sending.broadcasts[0]!.deliveries[1]!.state = 'queued';
    sending.arrivals.pop();

    expect(computeFigures(sending)).toMatchObject({ unfinished: 1, lost: 1 });
  });

  it('counts a message as duplicated that arrived a second time', () => {
    const sending = soundSending();
    sending.arrivals.push(arrivalAt(1, 13));

    expect(computeFigures(sending).duplicated).toBe(1);
    expect(judge(sending)).toEqual(['greeting: 1 duplicated']);
  });

  it('counts an arrival for somebody who should not have got it', () => {
    const sending = soundSending();
    sending.arrivals.push(arrivalAt(3, 9));

    expect(computeFigures(sending).duplicated).toBe(1);
  });

  it('lets an unknown delivery answer for one arrival and not for two', () => {
    const sending = soundSending();
    sending.broadcasts[0]!.deliveries[2]!.state = 'unknown';
    sending.arrivals.push(arrivalAt(3, 9));
    expect(computeFigures(sending)).toMatchObject({ unknown: 1, duplicated: 0 });

    sending.arrivals.push(arrivalAt(3, 10));
    expect(computeFigures(sending).duplicated).toBe(1);
  });

  it('takes an upgraded group for one chat, with what arrived under either number', () => {
    const deliveries = (messageId: number) => [sentTo(-1005, messageId)];
    const run = (messageId: number) => ({
      dueAtMs: DUE_MS,
      state: 'finished',
      counts: { accepted: 1, sent: 1 },
      deliveries: deliveries(messageId),
    });
    const sending: Sending = {
      name: 'group',
      broadcasts: [run(4), run(2)],
      arrivals: [arrivalAt(-5, 4), arrivalAt(-1005, 2)],
      expected: { broadcasts: 2, sent: 1, exceptions: [] },
    };

    expect(judge(sending, new Map([[-5, -1005]]))).toEqual([]);
    expect(computeFigures(sending)).toMatchObject({ lost: 1, duplicated: 1 });
  });

  it('names every way in which a broadcast is not as expected', () => {
    const sending = soundSending();
    const [broadcast] = sending.broadcasts;
    broadcast!.state = 'stopped';
    broadcast!.deliveries[2] = failedAt(3, 'kicked');
    broadcast!.deliveries[1] = failedAt(2, 'blocked');
    broadcast!.counts = { accepted: 3, sent: 1 };
    sending.arrivals.pop();

    expect(judge(sending)).toEqual([
      'greeting: it is stopped instead of finished',
      'greeting: 1 sent instead of 2',
      'greeting: chat 3 (blocked) is "failed kicked" instead of "failed blocked"',
      'greeting: chat 2 is "failed blocked" instead of "sent"',
    ]);
  });

  it('misses a run of a schedule that never came', () => {
    const sending = soundSending();

    expect(judge({ ...sending, expected: { ...sending.expected, broadcasts: 2 } })).toEqual([
      'greeting: 1 broadcasts instead of 2',
    ]);
  });

  it('adds sendings up, with the lateness that 99 of 100 keep', () => {
    const figures = computeFigures(soundSending());
    const late = { ...figures, latenessMs: [900] };

    expect(addFigures([figures, late])).toEqual({
      accepted: 6,
      sent: 4,
      failed: 2,
      skipped: 0,
      unknown: 0,
      lost: 0,
      duplicated: 0,
      p99LatenessMs: 900,
    });
    expect(percentile([], 0.99)).toBeNull();
    expect(percentile([3, 1, 2], 0.5)).toBe(2);
  });
});
