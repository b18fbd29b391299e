import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCoordinator } from '../../testing/running-coordinator.ts';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import { BuildMissingError } from './build-missing-error.ts';

const release = { version: '0.1.0-abc123', integrity: { 'chorale.js': 'sha384-AAAA' } };

function sdkFolder(): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'release.json'), JSON.stringify(release));
  writeFileSync(join(folder, 'chorale.js'), 'export {};');
  writeFileSync(join(folder, 'chorale.js.gz'), 'compressed');
  return folder;
}

it('[U6] serves the SDK to pages of any origin, for good, under its version', async () => {
  const { get } = await runCoordinator({ sdk: sdkFolder() });
  const file = await get('/sdk/0.1.0-abc123/chorale.js', { headers: { 'accept-encoding': 'identity' } });
  expect(await file.text()).toBe('export {};');
  expect(Object.fromEntries(file.headers)).toMatchObject({
    'content-type': 'application/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin',
    'x-content-type-options': 'nosniff',
  });
  expect((await get('/sdk/0.1.0/chorale.js')).status).toBe(404);
  expect((await get('/sdk/0.1.0-abc123/..%2f..%2fetc/passwd')).status).toBeGreaterThanOrEqual(400);
});

it('[U6] says which version is the present one, and its integrity', async () => {
  const { get } = await runCoordinator({ sdk: sdkFolder() });
  const response = await get('/sdk/release.json');
  expect(await response.json()).toEqual({ ...release, url: '/sdk/0.1.0-abc123/chorale.js' });
  expect(response.headers.get('cache-control')).toBe('no-cache');
});

it('does not start with an SDK that is not built', async () => {
  await expect(runCoordinator({ sdk: temporaryFolder() })).rejects.toThrow(BuildMissingError);
});

it('serves no SDK unless it is told to', async () => {
  const { get } = await runCoordinator();
  expect((await get('/sdk/release.json')).status).toBe(404);
});
