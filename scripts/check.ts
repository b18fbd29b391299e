import { run } from './run.ts';

// `npm run check`: what must hold before a commit, in about a minute; `npm test` has the slow rest.
const steps: [title: string, command: string, args: string[]][] = [
  ['format', 'oxfmt', ['--check', '.']],
  ['lint', 'oxlint', ['--type-aware', '--deny-warnings', '.']],
  ['types', 'tsc', ['--noEmit', '-p', '.']],
  ['unused', 'knip', []],
  // All cores: nothing else runs meanwhile.
  ['unit tests', 'vitest', ['run', '--project', 'unit', '--reporter', 'dot', '--maxWorkers=100%']],
  ['build', 'vite', ['build', '--logLevel', 'warn']],
  ['build of the SDK', 'vite', ['build', '-c', 'sdk/vite.config.ts', '--logLevel', 'warn']],
  ...['index', 'survey-path', 'whole-package'].map((mode): [string, string, string[]] => [
    `build of the privacy library, ${mode}`,
    'vite',
    ['build', '-c', 'privacy/vite.config.ts', '--mode', mode, '--logLevel', 'warn'],
  ]),
  ['size', 'size-limit', []],
];

for (const [title, command, args] of steps) {
  const started = performance.now();
  const code = await run(command, args);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stderr.write(`${code === 0 ? '✓' : '✗'} ${title} (${seconds} s)\n`);
  if (code !== 0) process.exit(code);
}
