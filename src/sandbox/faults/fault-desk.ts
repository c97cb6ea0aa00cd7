import { drawNumber, type FaultSettings } from './fault.rules.js';

/** A fault that somebody ordered. */
export interface Fault extends FaultSettings {
  id: number;
  workspace: string;
  struckTimes: number;
}

export interface FaultTarget {
  workspace: string;
  botId: number;
  method: string;
  /** 0 while the body is not read yet. */
  chatId: number;
}

/** Keeps the ordered faults and says which one strikes a call. */
export class FaultDesk {
  private readonly faults = new Map<number, Fault & { state: number }>();
  private nextId = 1;

  add(workspace: string, settings: FaultSettings): Fault {
    const id = this.nextId++;
    const fault = { ...settings, id, workspace, struckTimes: 0, state: settings.seed ?? id };
    this.faults.set(id, fault);
    return fault;
  }

  list(workspace: string): Fault[] {
    return [...this.faults.values()].filter((fault) => fault.workspace === workspace);
  }

  count(workspace: string): number {
    return this.list(workspace).length;
  }

  remove(workspace: string, id?: number): number {
    const gone = this.list(workspace).filter((fault) => id === undefined || fault.id === id);
    for (const fault of gone) this.faults.delete(fault.id);
    return gone.length;
  }

  /**
   * The first ordered fault that fits, counted as struck. `refuse` without a chat strikes before a byte of the body is
   * read (`stage: 'head'`), everything else once the call is understood.
   */
  strike(target: FaultTarget, stage: 'head' | 'call'): Fault | undefined {
    if (this.faults.size === 0) return undefined;
    for (const fault of this.faults.values()) {
      const isAtHead = fault.kind === 'refuse' && fault.chatId === undefined;
      if (isAtHead === (stage === 'head') && isFitting(fault, target) && this.isDrawn(fault)) {
        fault.struckTimes++;
        if (fault.count !== undefined && fault.struckTimes >= fault.count) this.faults.delete(fault.id);
        return fault;
      }
    }
    return undefined;
  }

  private isDrawn(fault: Fault & { state: number }): boolean {
    if (fault.probability === undefined) return true;
    const { state, drawn } = drawNumber(fault.state);
    fault.state = state;
    return drawn < fault.probability;
  }
}

function isFitting(fault: Fault, target: FaultTarget): boolean {
  return (
    (fault.workspace === target.workspace || fault.workspace === '*') &&
    (fault.botId === undefined || fault.botId === target.botId) &&
    (fault.method === undefined || fault.method === target.method) &&
    (fault.chatId === undefined || fault.chatId === target.chatId)
  );
}
