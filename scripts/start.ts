import { spawn } from 'node:child_process';
import { buildForBrowsers } from './build.ts';
import { root } from './run.ts';

// `npm start`: the main job. Arguments go to `chorale start`.
if ((await buildForBrowsers()) !== 0) process.exit(1);
const coordinator = spawn(
  process.execPath,
  ['coordinator/bin/chorale.mjs', 'start', '--demo', 'demo', '--sdk', 'sdk/dist', ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => coordinator.kill(signal));
coordinator.on('exit', (code) => process.exit(code ?? 1));
