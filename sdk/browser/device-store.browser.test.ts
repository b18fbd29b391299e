import type { Browser, BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../../e2e/browsers.ts';
import { deviceStoreContract } from '../src/storage/device-store-contract.ts';
import './device/page.ts';
import { serveBuild, type ServedBuild } from './served-build.ts';

let build: ServedBuild;
let browser: Browser;
let context: BrowserContext;
let tab: Page;
beforeAll(async () => {
  build = await serveBuild({ root: new URL('device', import.meta.url).pathname, origins: [{}] });
  browser = await launchBrowser();
  context = await browser.newContext();
  tab = await openTab();
});
afterAll(async () => {
  await browser?.close();
  await build?.close();
});

async function openTab(): Promise<Page> {
  const page = await context.newPage();
  await page.goto(build.origins[0]!);
  return page;
}

describe('the device store on IndexedDB', () => {
  for (const [index, { rule }] of deviceStoreContract.entries()) {
    test(rule, async () => {
      expect(await tab.evaluate((i) => globalThis.device.store.checkRule(i), index)).toBeNull();
    });
  }

  test('what is committed is there after a reload and in another tab', async () => {
    await tab.evaluate(() => globalThis.device.store.commit('reload'));
    await tab.reload();
    const other = await openTab();
    for (const page of [tab, other]) {
      expect(await page.evaluate(() => globalThis.device.store.find('reload'))).toEqual({ text: 't', spends: 1 });
    }
    await other.close();
  });

  test('[B1] a damaged ledger stops the device instead of looking empty', async () => {
    expect(await tab.evaluate(() => globalThis.device.store.readDamaged('damaged'))).toBe('STORAGE_UNAVAILABLE');
  });

  test.each([1, 2] as const)('a database of version %i is read, sealed, and loses nothing', async (version) => {
    const profile = `version-${version}`;
    await tab.evaluate(([v, p]) => globalThis.device.store.storeAsVersion(v, p), [version, profile] as const);
    const other = await openTab();
    const kept = (page: Page) => page.evaluate((p) => globalThis.device.store.kept(p), profile);
    const [first, second] = await Promise.all([kept(tab), kept(other)]);
    expect(first).toEqual({
      kept: [
        { leaving: true },
        't',
        { letters: [2, 0, 1], rounding: [1, 2] },
        [expect.objectContaining({ kind: 'report', reference: 'r' })],
        false,
        { inputs: [0.5, -1], labels: [1], rows: 1, warnings: [], id: 'x' },
      ],
      plain: [],
    });
    expect(second).toEqual(first);
    expect(await tab.evaluate((p) => globalThis.device.store.keyIsExportable(p), profile)).toBe(false);
    await other.close();
  });

  test.each(['nothing', 'another'] as const)(
    '[B1] [B4] without the key (%s in its place) it says so until that is erased, and has the ledger all along',
    async (to) => {
      const profile = `lost-${to}`;
      await tab.evaluate(([p, instead]) => globalThis.device.store.loseKey(p, { to: instead }), [profile, to] as const);
      const attempts = () => tab.evaluate((p) => globalThis.device.store.attempts(p), profile);
      const lost = 'STORAGE_KEY_LOST';
      const draw = JSON.stringify({ study: 'pulse', manifest: 'm', questions: [] });
      expect(await attempts()).toEqual([lost, lost, lost, '1', draw]);
      await tab.evaluate((p) => globalThis.device.store.erase(p), profile);
      expect(await attempts()).toEqual(['null', 'null', 'null', '1', draw]);
      await tab.evaluate((p) => globalThis.device.store.commit(p), profile);
      expect((await attempts())[1]).toContain('"text":"t"');
    },
  );

  test('an open store lets a newer schema of another tab in, and then asks for a reload', async () => {
    const newer = await openTab();
    await tab.evaluate(() => globalThis.device.store.hold('upgrade'));
    expect(await newer.evaluate(() => globalThis.device.store.upgrade('upgrade'))).toBe('upgraded');
    expect(await tab.evaluate(() => globalThis.device.store.reuse())).toBe('STORAGE_UNAVAILABLE');
    await newer.close();
  });

  test('a closed store refuses', async () => {
    expect(await tab.evaluate(() => globalThis.device.store.useAfterClose('closed'))).toBe('STORAGE_UNAVAILABLE');
  });
});
