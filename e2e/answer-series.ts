import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { expect } from 'vitest';
import type { TestCoordinator } from './coordinator.ts';

/**
 * Lets a company answer the first waves of a series, as `npm run crowd` has it, the same each time.
 * @returns of each wave, how many reports were refused for which reason
 */
export async function answerSeries(
  coordinator: TestCoordinator,
  series: string,
  { waves, employees }: { waves: number; employees: number },
): Promise<{ refused: object }[]> {
  const flags = ['--series', series, '--waves', String(waves), '--employees', String(employees), '--seed', '11'];
  const crowd = spawn(process.execPath, ['demo/src/crowd.ts', ...flags, '--server', coordinator.url, '--json'], {
    cwd: resolve(import.meta.dirname, '..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  crowd.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = await once(crowd, 'close');
  expect(code).toBe(0);
  return (JSON.parse(output) as { waves: { refused: object }[] }).waves;
}
