import { readFileSync } from 'node:fs';
import { say, type Said } from '../child.ts';

/** What a server's process has used since it started. */
export type ServerUsage = {
  /** CPU time of all its threads, user and system, in milliseconds. */
  cpuMs: number;
  /** Resident memory now, and the most there ever was, in bytes. */
  rssBytes: number;
  peakRssBytes: number;
  /** What its objects and buffers take: after a garbage collection, what it holds on to. */
  heldBytes: number;
};

/** Answers `usage` with a `ServerUsage`, and `collect` after a full garbage collection. */
export function answerUsage(): void {
  process.on('message', ({ type }: Said) => {
    if (type === 'usage') say({ type, ...usage() });
    if (type === 'collect') void collect().then(() => say({ type }));
  });
}

/** Twice: what the first round of finalizers lets go of is collected by the second. */
async function collect(): Promise<void> {
  globalThis.gc?.();
  await new Promise((resolve) => setImmediate(resolve));
  globalThis.gc?.();
}

function usage(): ServerUsage {
  const { user, system } = process.cpuUsage();
  const status = readFileSync('/proc/self/status', 'utf8');
  const bytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
  const { heapUsed, external } = process.memoryUsage();
  return {
    cpuMs: (user + system) / 1000,
    rssBytes: bytes('VmRSS'),
    peakRssBytes: bytes('VmHWM'),
    heldBytes: heapUsed + external,
  };
}
