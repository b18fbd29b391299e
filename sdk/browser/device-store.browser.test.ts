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
