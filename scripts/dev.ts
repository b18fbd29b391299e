import { spawn } from 'node:child_process';
import { root } from './run.ts';

// `npm run dev`: the coordinator of `npm start`, and Vite in front of it, which serves the pages from their
// sources and reloads them.
const programs = [
  spawn(process.execPath, ['scripts/start.ts'], { cwd: root, stdio: 'inherit' }),
  spawn('vite', ['dev', ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  }),
];
const stop = (signal: NodeJS.Signals): void => programs.forEach((program) => program.kill(signal));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
for (const program of programs) {
  program.on('exit', (code) => {
    stop('SIGTERM');
    process.exitCode ??= code ?? 1;
  });
}
