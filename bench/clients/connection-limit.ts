import { readFileSync } from 'node:fs';

/** Files that a process may have open besides its connections. */
const OTHER_FILES = 100;

/** How many connections one process may have: Node takes the hard limit of open files for itself. */
export function connectionLimit(): number {
  const line = /Max open files\s+\d+\s+(\d+|unlimited)/.exec(readFileSync('/proc/self/limits', 'utf8'));
  return line === null || line[1] === 'unlimited' ? Infinity : Number(line[1]) - OTHER_FILES;
}
