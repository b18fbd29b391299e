import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run.ts';

const sources = ['sdk', 'training', 'protocol', 'privacy', 'package-lock.json'];

/** What browsers load: the demo's pages, and the SDK for pages of others. */
const builds = [
  { built: 'demo/dist/index.html', sources: [...sources, 'demo', 'vite.config.ts'], arguments: [] },
  { built: 'sdk/dist/release.json', sources, arguments: ['-c', 'sdk/vite.config.ts'] },
];

/** Builds what browsers load, unless the last build is newer than all of its sources. Resolves to an exit code. */
export async function buildForBrowsers(): Promise<number> {
  for (const build of builds) {
    const built = join(root, build.built);
    if (existsSync(built) && statSync(built).mtimeMs > Math.max(...build.sources.map(newest))) continue;
    process.stderr.write(`Building ${build.built.split('/', 1)[0]} …\n`);
    const code = await run('vite', ['build', '--logLevel', 'warn', ...build.arguments]);
    if (code !== 0) return code;
  }
  return 0;
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
