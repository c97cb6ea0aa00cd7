import { AnswerWindow } from './answer-window.rules.js';

describe('AnswerWindow', () => {
  it('admits up to the limit, then waits for an answer', () => {
    const window = new AnswerWindow(2, 1_000);
    expect(window.earliestStart(0)).toBe(0);
    window.start();
    window.start();
    expect(window.earliestStart(5)).toBe(Infinity);
  });

  it('counts an answered call for one window after its answer', () => {
    const window = new AnswerWindow(2, 1_000);
    window.start();
    window.start();
    window.finish(100, true);
    expect(window.earliestStart(100)).toBe(1_100);
    expect(window.earliestStart(1_099)).toBe(1_100);
    expect(window.earliestStart(1_100)).toBe(1_100);
  });

  it('frees the room of a call that never arrived at once', () => {
    const window = new AnswerWindow(1, 1_000);
    window.start();
    window.finish(10, false);
    expect(window.earliestStart(10)).toBe(10);
  });

  it('waits for as many answers to age as a lowered limit asks for', () => {
    const window = new AnswerWindow(3, 1_000);
    for (let count = 0; count < 3; count += 1) window.start();
    for (const answeredAtMs of [100, 200, 300]) window.finish(answeredAtMs, true);
    window.setLimit(1);
    expect(window.earliestStart(400)).toBe(1_300);
    window.setLimit(3);
    expect(window.earliestStart(400)).toBe(1_100);
  });

  it('keeps its order while the ring turns and grows', () => {
    const window = new AnswerWindow(5, 100);
    for (let nowMs = 0; nowMs < 5_000; nowMs += 10) {
      if (window.earliestStart(nowMs) > nowMs) continue;
      window.start();
      window.finish(nowMs, true);
      expect(window.countUsed(nowMs)).toBeLessThanOrEqual(5);
    }
    expect(window.earliestStart(4_990)).toBe(5_000);
  });

  it('without a limit remembers nothing', () => {
    const window = new AnswerWindow(Infinity, 1_000);
    for (let count = 0; count < 100; count += 1) {
      window.start();
      window.finish(0, true);
    }
    expect(window.earliestStart(0)).toBe(0);
    expect(window.countUsed(0)).toBe(0);
  });
});
