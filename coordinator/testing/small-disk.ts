import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of a few MiB in a folder of its own. */
export type SmallDisk = {
  folder: string;
  /** Leaves no byte free. */
  fill(): void;
  /** Gives back what `fill` took. */
  free(): void;
  unmount(): void;
};

/** Mounts a small disk, or says in a few words why that cannot be done here. */
export function mountSmallDisk({ mebibytes }: { mebibytes: number }): SmallDisk | { missing: string } {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return { missing: 'mounting a small disk needs root' };
  const folder = mkdtempSync(join(tmpdir(), 'chorale-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    rmdirSync(folder);
    return { missing: 'a small disk cannot be mounted here' };
  }
  const ballast = join(folder, 'ballast');
  return {
    folder,
    fill() {
      for (let bytes = mebibytes * 2 ** 20; bytes >= 1; bytes = Math.floor(bytes / 2)) {
        try {
          writeFileSync(ballast, Buffer.alloc(bytes), { flag: 'a' });
        } catch {
          // What fitted was written; the rest goes in smaller pieces.
        }
      }
    },
    free: () => rmSync(ballast, { force: true }),
    unmount() {
      execFileSync('umount', [folder]);
      rmdirSync(folder);
    },
  };
}
