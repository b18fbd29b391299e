import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const folder = new URL('../', import.meta.url);

it('the README’s example runs and says what its comments promise', async () => {
  const readme = readFileSync(new URL('README.md', folder), 'utf8');
  const [, example] = /```ts\n(.*?)```/s.exec(readme)!;
  // In the package's own folder and as a user would: by its name.
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module-typescript', '--eval', example!],
    {
      cwd: fileURLToPath(folder),
    },
  );
  const [mechanism, quarter, year] = stdout.trim().split('\n');
  expect(mechanism).toBe('subset-selection true');
  expect(year).toMatch(/^epsilon \d+\.\d\d at 0\.000001, replace-one, employee$/);
  const epsilon = Number(/[\d.]+/.exec(year!));
  // Far below 52 times 1, and no less than one of them.
  expect(epsilon).toBeGreaterThan(1);
  expect(epsilon).toBeLessThan(40);
  const [share, lower, upper] = quarter!.match(/\d\.\d\d/g)!.map(Number);
  // The share's standard error is .012: 6.2 of them fail once in 1e9.
  expect(Math.abs(share! - 0.25)).toBeLessThan(0.08);
  expect(upper! - lower!).toBeLessThan(0.08);
});
