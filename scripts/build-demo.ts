import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run.ts';

const sources = ['demo', 'sdk', 'training', 'protocol', 'privacy', 'vite.config.ts', 'package-lock.json'];

/** Builds what browsers load, unless the last build is newer than all of its sources. Resolves to an exit code. */
export async function buildDemo(): Promise<number> {
  const built = join(root, 'demo', 'dist', 'index.html');
  if (existsSync(built) && statSync(built).mtimeMs > Math.max(...sources.map(newest))) return 0;
  process.stderr.write('Building the pages …\n');
  return run('vite', ['build', '--logLevel', 'warn']);
}

function newest(path: string): number {
  const absolute = join(root, path);
  const entry = statSync(absolute);
  if (!entry.isDirectory()) return entry.mtimeMs;
  return Math.max(
    0,
    ...readdirSync(absolute)
      .filter((name) => name !== 'dist' && name !== 'node_modules')
      .map((name) => newest(join(path, name))),
  );
}
