import { FaultDesk, type FaultTarget } from './fault-desk.js';
import { isEffectDone, readFaultStatus } from './fault.rules.js';

const target: FaultTarget = { workspace: 'ours', botId: 1, method: 'sendMessage', chatId: 5 };

describe('FaultDesk', () => {
  it('strikes as often as ordered and counts it', () => {
    const desk = new FaultDesk();
    const fault = desk.add('ours', { kind: 'server_error', count: 2 });
    expect([1, 2, 3].map(() => desk.strike(target, 'call')?.id)).toEqual([fault.id, fault.id, undefined]);
    expect(fault.struckTimes).toBe(2);
  });

  it('strikes only what it is aimed at', () => {
    const desk = new FaultDesk();
    desk.add('ours', { kind: 'hang', botId: 1, method: 'sendMessage', chatId: 5 });
    for (const other of [{ workspace: 'theirs' }, { botId: 2 }, { method: 'getMe' }, { chatId: 6 }]) {
      expect(desk.strike({ ...target, ...other }, 'call')).toBeUndefined();
    }
    expect(desk.strike(target, 'call')).toBeDefined();
  });

  it('strikes everybody when the operator ordered it', () => {
    const desk = new FaultDesk();
    desk.add('*', { kind: 'html' });
    expect(desk.strike(target, 'call')).toBeDefined();
  });

  it('refuses at the head unless the chat must be known first', () => {
    const desk = new FaultDesk();
    desk.add('ours', { kind: 'refuse', chatId: 5 });
    expect(desk.strike({ ...target, chatId: 0 }, 'head')).toBeUndefined();
    expect(desk.strike(target, 'call')).toBeDefined();
    desk.remove('ours');
    desk.add('ours', { kind: 'refuse' });
    expect(desk.strike(target, 'call')).toBeUndefined();
    expect(desk.strike({ ...target, chatId: 0 }, 'head')).toBeDefined();
  });

  it('draws its chances from the seed: near the probability, and the same each time', () => {
    const draw = (seed: number): boolean[] => {
      const desk = new FaultDesk();
      desk.add('ours', { kind: 'html', probability: 0.25, seed });
      return Array.from({ length: 4000 }, () => desk.strike(target, 'call') !== undefined);
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    const share = draw(7).filter(Boolean).length / 4000;
    expect(share).toBeGreaterThan(0.22);
    expect(share).toBeLessThan(0.28);
  });

  it('keeps one workspace from the faults of another', () => {
    const desk = new FaultDesk();
    const { id } = desk.add('ours', { kind: 'hang' });
    expect(desk.list('theirs')).toEqual([]);
    expect(desk.remove('theirs', id)).toBe(0);
    expect(desk.remove('ours', id)).toBe(1);
  });
});

describe('fault rules', () => {
  it('say whether the message goes out', () => {
    expect(isEffectDone({ kind: 'truncated' })).toBe(true);
    expect(isEffectDone({ kind: 'reset_after_effect' })).toBe(true);
    expect(isEffectDone({ kind: 'reset_before_effect', hasEffect: true })).toBe(false);
    expect(isEffectDone({ kind: 'server_error' })).toBe(false);
    expect(isEffectDone({ kind: 'server_error', hasEffect: true })).toBe(true);
    expect(isEffectDone({ kind: 'too_many_requests', hasEffect: true })).toBe(false);
  });

  it('say which status is seen', () => {
    expect(readFaultStatus({ kind: 'html', statusCode: 502 })).toBe(502);
    expect(readFaultStatus({ kind: 'redirect' })).toBe(302);
    expect(readFaultStatus({ kind: 'hang', statusCode: 500 })).toBe(0);
    expect(readFaultStatus({ kind: 'unauthorized', statusCode: 500 })).toBe(401);
  });
});
