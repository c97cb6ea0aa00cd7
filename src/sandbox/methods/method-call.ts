import { type Bot } from '../world/inhabitants.js';
import { type World } from '../world/world.js';
import { type CallParameters, type UploadedFile } from '../wire/parameters.rules.js';

/** One call of a method by a bot, its parameters checked against the table. */
export interface MethodCall {
  readonly world: World;
  readonly bot: Bot;
  readonly parameters: CallParameters;
  readonly files: ReadonlyMap<string, UploadedFile>;
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal | undefined;
}

/** Carries a call out: gives its `result` or throws CallRefusedError. */
export type MethodHandler = (call: MethodCall) => unknown;

export function stringOf(call: MethodCall, name: string): string | undefined {
  const value = call.parameters[name];
  return typeof value === 'string' ? value : undefined;
}

export function numberOf(call: MethodCall, name: string): number | undefined {
  const value = call.parameters[name];
  return typeof value === 'number' ? value : undefined;
}

export function arrayOf(call: MethodCall, name: string): unknown[] {
  const value = call.parameters[name];
  return Array.isArray(value) ? value : [];
}

export function objectOf(call: MethodCall, name: string): Record<string, unknown> | undefined {
  const value = call.parameters[name];
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}
