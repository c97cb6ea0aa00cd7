// What the kernel says of a process: its processor time, and the most memory it ever had.
import { readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second wherever it runs today. */
const MS_PER_TICK = 10;

export function cpuMsOf(pid) {
  // The name of the program, in brackets, may have blanks in it.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

export const peakMemoryMbOf = (pid) =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1_024;
