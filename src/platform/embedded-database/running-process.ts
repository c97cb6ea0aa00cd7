import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const runFile = promisify(execFile);

/** A live process. Numbers are given out again; number and start together are not. */
export interface RunningProcess {
  processId: number;
  /** Changes with every process; comparable on this machine only. */
  startMark: string;
  /** Program and arguments, joined by spaces. */
  commandLine: string;
}

/** Undefined when there is no such process, or only its zombie. */
export async function findProcess(processId: number): Promise<RunningProcess | undefined> {
  return process.platform === 'linux' ? findInProc(processId) : findWithPs(processId);
}

async function findInProc(processId: number): Promise<RunningProcess | undefined> {
  try {
    const [stat, commandLine] = await Promise.all([
      readFile(`/proc/${processId}/stat`, 'utf8'),
      readFile(`/proc/${processId}/cmdline`, 'utf8'),
    ]);
    // proc(5): the name stands in parentheses and may hold anything; state is field 3, start time field 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return undefined;
    return { processId, startMark: fields[19] ?? '', commandLine: commandLine.replaceAll('\0', ' ') };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

async function findWithPs(processId: number): Promise<RunningProcess | undefined> {
  try {
    const { stdout } = await runFile('ps', ['-ww', '-p', String(processId), '-o', 'state=,lstart=,command=']);
    // "S    Mon Nov 23 05:03:45 2026     /path/postgres -D /data …"
    const match = /^(\S+)\s+(\S+\s+\S+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/.exec(stdout.trim());
    if (!match || match[1]?.startsWith('Z')) return undefined;
    return {
      processId,
      startMark: match[2]?.replaceAll(/\W+/g, '-') ?? '',
      commandLine: match[3] ?? '',
    };
  } catch (error) {
    if ((error as { code?: unknown }).code === 1) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ESRCH';
}
