import { Logger } from '@nestjs/common';
import { type LaneLeaseRepository } from './lane-lease.repository.js';
import { LaneOwner, type Lease } from './lane-owner.js';

/** A table of owners that answers as it is told to. */
class Table {
  begun = 0;
  readonly asked: string[] = [];
  answer: () => Promise<boolean> = () => Promise.resolve(true);

  begin(): Promise<string> {
    this.begun += 1;
    return Promise.resolve(`${this.begun}`);
  }
  prolong(owner: string): Promise<boolean> {
    this.asked.push(owner);
    return this.answer();
  }
  end(owner: string): Promise<void> {
    this.asked.push(`end ${owner}`);
    return Promise.resolve();
  }
}

describe('the owner of the lanes of a process', () => {
  let nowMs: number;
  /** How far the wall clock is ahead of the monotonic one. */
  let aheadMs: number;
  let table: Table;
  let over: Lease[];
  let owner: LaneOwner;
  beforeEach(() => {
    jest.spyOn(Logger.prototype, 'log').mockReturnValue();
    jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    nowMs = 1_000;
    aheadMs = 0;
    table = new Table();
    over = [];
    const clock = { now: () => new Date(nowMs + aheadMs), monotonicMs: () => nowMs };
    owner = new LaneOwner(table as unknown as LaneLeaseRepository, clock, new Logger(), (lease) =>
      over.push(lease),
    );
  });
  afterEach(() => jest.restoreAllMocks());

  it('begins one lease, however many lanes begin at once', async () => {
    const leases = await Promise.all([owner.current(), owner.current(), owner.current()]);
    expect(new Set(leases).size).toBe(1);
    expect(table.begun).toBe(1);
    expect(leases[0]).toMatchObject({ owner: '1', deadlineMs: 6_500 });
  });

  it('counts its time from before the question, and never shortens it', async () => {
    const lease = await owner.current();
    nowMs = 3_000;
    table.answer = () => {
      nowMs = 3_900;
      return Promise.resolve(true);
    };
    expect(await owner.prolong()).toBe(true);
    expect(lease.deadlineMs).toBe(8_500);
    nowMs = 2_000;
    await owner.prolong();
    expect(lease.deadlineMs).toBe(8_500);
  });

  it('lets nothing leave after the machine was suspended past it, which the monotonic clock does not show', async () => {
    const lease = await owner.current();
    aheadMs = 5_400;
    expect(lease.deadlineMs).toBe(6_500);
    aheadMs = 5_600;
    expect(lease.deadlineMs).toBe(-Infinity);
    table.answer = () => Promise.resolve(false);
    expect((await owner.current()).owner).toBe('2');
  });

  it('goes on after its next prolonging where the wall clock was stepped', async () => {
    const lease = await owner.current();
    aheadMs = 3_600_000;
    await owner.prolong();
    expect(lease.deadlineMs).toBe(6_500);
    aheadMs = -3_600_000;
    await owner.prolong();
    expect(lease.deadlineMs).toBe(6_500);
    nowMs = 6_600;
    expect(nowMs < lease.deadlineMs).toBe(false);
  });

  it('asks the database before it takes a lane under a lease that seems to be over', async () => {
    const lease = await owner.current();
    nowMs = 6_800;
    expect(await owner.current()).toBe(lease);
    expect(table.asked).toEqual(['1']);
    expect(lease.deadlineMs).toBe(12_300);
  });

  it('lets nothing leave under a lease that is over, and goes on as somebody else', async () => {
    const lease = await owner.current();
    table.answer = () => Promise.resolve(false);
    expect(await owner.prolong()).toBe(false);
    expect(over).toEqual([lease]);
    expect(lease.deadlineMs).toBe(-Infinity);
    expect(owner.held).toBeUndefined();
    expect(await owner.prolong()).toBe(false);
    expect((await owner.current()).owner).toBe('2');
    expect(over).toHaveLength(1);
  });

  it('keeps a lease of which the database could not be asked', async () => {
    const lease = await owner.current();
    table.answer = () => Promise.reject(new Error('away'));
    await expect(owner.prolong()).rejects.toThrow('away');
    expect(owner.held).toBe(lease);
    nowMs = 7_000;
    await expect(owner.current()).rejects.toThrow('away');
    expect(table.begun).toBe(1);
  });

  it('gives its lease back in the end', async () => {
    await owner.current();
    await owner.end();
    expect(table.asked).toEqual(['end 1']);
    expect(owner.held).toBeUndefined();
  });
});
