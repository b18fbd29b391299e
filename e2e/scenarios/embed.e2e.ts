import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Manifest, manifestHash, parseManifest, type SurveyResults } from '@chorale/protocol';
import type { Receipt } from '@chorale/sdk';
import type { Page } from 'playwright';
import { describe, expect, test } from 'vitest';
import { expectAccessible } from '../accessible.ts';
import { EmbeddingPages, sdkFolder } from '../embedding-pages.ts';
import { embeddingSuite } from '../embedding-suite.ts';
import { oneQuestionStudy } from '../studies.ts';
import { fillOneQuestion, send, waitUntilSent } from '../survey-pages.ts';

declare global {
  var taken: HTMLElement;
  /** What a page of these tests heard of its surveys. */
  var heard: { type: string; study: string | null; detail: Record<string, unknown> }[];
}

const study = oneQuestionStudy();
const second = oneQuestionStudy({ id: 'second', title: 'Another question', simulated: true });
/** One question of each kind; every device is asked all of them. */
const mixed: Manifest = parseManifest({
  ...study,
  id: 'mixed',
  title: 'Your week',
  description: 'Five questions about the last week.',
  survey: {
    epsilon: 7,
    questions: [
      {
        type: 'scale',
        id: 'workload',
        text: 'My workload was manageable.',
        minimum: 1,
        maximum: 5,
        minimumLabel: 'Strongly disagree',
        maximumLabel: 'Strongly agree',
        report: 'favourable',
        favourableFrom: 4,
      },
      { type: 'number', id: 'hours', text: 'Hours I worked', minimum: 0, maximum: 80, unit: 'h', report: 'mean' },
    ],
  },
});
/** More questions than a device is asked. */
const long: Manifest = parseManifest({
  ...mixed,
  id: 'long',
  survey: {
    epsilon: 5,
    questions: [
      ...mixed.survey!.questions,
      { type: 'scale', id: 'recommend', text: 'I would recommend us.', minimum: 0, maximum: 10, report: 'enps' },
      {
        type: 'choice',
        id: 'wish',
        text: 'What would help most?',
        options: [
          { id: 'time', label: 'More time' },
          { id: 'tools', label: 'Better tools' },
          { id: 'pay', label: 'Higher pay' },
        ],
        report: 'distribution',
      },
      { type: 'yesno', id: 'rest', text: 'I could rest.', report: 'favourable' },
    ],
  },
});

/** Gives the surveys of a page their invitations, from its address, and notes what they say. */
const pageScript = `
  globalThis.heard = [];
  for (const type of ['ready', 'answered', 'sent', 'withdrawn', 'erased', 'error']) {
    document.addEventListener('chorale:' + type, ({ detail, target }) => {
      const { chorale, ...rest } = detail;
      globalThis.heard.push({ type, study: target.getAttribute('study'), detail: rest });
    });
  }
  for (const survey of document.querySelectorAll('chorale-survey')) {
    const token = new URLSearchParams(location.search).get(survey.getAttribute('study'));
    if (token !== null) survey.token = token;
  }
`;

let sdk: { url: string; version: string; integrity: Record<string, string> };
const suite = embeddingSuite([study, second, mixed, long], async ({ pages, coordinator }) => {
  pages.putFile('/page.js', pageScript, 'text/javascript');
  sdk = await coordinator.get('/sdk/release.json');
});

/** Tags of a page that embeds surveys from the coordinator's origin. */
function embedding(...surveys: string[]): string {
  return `<!doctype html><html lang="en"><head><title>Intranet</title><meta name="viewport" content="width=device-width">
    <script type="module" src="${suite.coordinator.url}${sdk.url}" integrity="${sdk.integrity['chorale.js']}" crossorigin></script>
    <script type="module" src="/page.js"></script></head><body><main><h1>Intranet</h1>${surveys.join('\n')}</main></body></html>`;
}

function survey(of: Manifest, attributes = ''): string {
  return `<chorale-survey coordinator="${suite.coordinator.url}" study="${of.id}" group-department="sales" ${attributes}></chorale-survey>`;
}

/** What carries the integrity of files that are loaded later. */
function importMap(integrity: Readonly<Record<string, string>>): string {
  const base = `${suite.coordinator.url}/sdk/${sdk.version}/`;
  const byUrl = Object.fromEntries(Object.entries(integrity).map(([file, hash]) => [base + file, hash]));
  return `<script type="importmap" nonce="bm9uY2U">${JSON.stringify({ integrity: byUrl })}</script>`;
}

/** The smallest policy under which a page may embed from the coordinator. */
const crossOriginPolicy = (): string =>
  `default-src 'none'; script-src 'self' ${suite.coordinator.url}; connect-src ${suite.coordinator.url}`;

let people = 0;
/** Address of a page with a fresh person's invitations to the studies. */
async function invited(address: string, ...studies: Manifest[]): Promise<string> {
  const url = new URL(address);
  people += 1;
  for (const { id } of studies) {
    const [token] = await suite.coordinator.invite(id, [{ name: `person ${people}`, group: 'sales' }]);
    url.searchParams.set(id, token!);
  }
  return url.href;
}

/** A tab, with what its policy refused and its console complained of. */
async function openTab(address: string, of = suite.context): Promise<{ page: Page; complaints: string[] }> {
  const page = await of.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  await page.goto(address);
  return { page, complaints };
}

const heard = (page: Page) => page.evaluate(() => globalThis.heard);
const voices = async (id: string) =>
  (await suite.coordinator.get<SurveyResults>(`/api/v1/studies/${id}/results`)).voices;

describe('a page of another origin', () => {
  test('[U5] under a policy that allows only the SDK’s scripts and the coordinator, sends a report', async () => {
    const address = suite.pages.put('/strict', embedding(survey(study)), crossOriginPolicy());
    const { page, complaints } = await openTab(await invited(address, study));
    const before = await voices(study.id);
    await fillOneQuestion(page, 'Yes');
    await send(page);
    await waitUntilSent(page);
    expect(await voices(study.id)).toBe(before + 1);
    expect(complaints).toEqual([]);
    const said = await heard(page);
    expect(said.map(({ type }) => type)).toEqual(['ready', 'answered', 'sent']);
    expect(said[0]!.detail).toEqual({ receipt: null });
    expect(said[2]!.detail).toMatchObject({ receipt: { study: study.id, manifest: await manifestHash(study) } });
    // What the page hears holds no answer.
    expect(JSON.stringify(said)).not.toMatch(/leave|yes/i);
  });

  test('[U5] in an iframe of yet another origin, sandboxed, the same', async () => {
    const outside = await EmbeddingPages.start();
    try {
      const inner = await invited(suite.pages.put('/framed', embedding(survey(study)), crossOriginPolicy()), study);
      const outer = outside.put(
        '/',
        `<!doctype html><title>Portal</title><iframe title="Survey" width="600" height="600" sandbox="allow-scripts allow-same-origin" src="${inner}"></iframe>`,
        `default-src 'none'; frame-src ${suite.pages.url}`,
      );
      const { page, complaints } = await openTab(outer);
      const frame = page.frameLocator('iframe');
      await frame.getByRole('button', { name: 'Take part' }).click();
      await frame.getByRole('radio', { name: 'No' }).check();
      await frame.getByRole('button', { name: /^Send/ }).click();
      await frame.getByRole('heading', { name: /your voice is in/ }).waitFor();
      expect(complaints).toEqual([]);
    } finally {
      await outside.stop();
    }
  });

  test('[U5] that hosts the SDK itself needs nothing unsafe', async () => {
    const html = embedding(survey(study)).replace(`${suite.coordinator.url}${sdk.url}`, '/sdk/chorale.js');
    const policy = `default-src 'self'; connect-src 'self' ${suite.coordinator.url}`;
    const { page, complaints } = await openTab(await invited(suite.pages.put('/hosted', html, policy), study));
    await fillOneQuestion(page, 'Yes');
    await send(page);
    await waitUntilSent(page);
    expect(complaints).toEqual([]);
  });

  test('[U5] [U6] with a nonce and the integrity of every file, the example of the README runs as it is', async () => {
    const readme = readFileSync(resolve(import.meta.dirname, '..', '..', 'README.md'), 'utf8');
    const example = /```html\n(<!doctype html>[\s\S]+?)```/.exec(readme)![1]!;
    const html = example
      .replaceAll('https://hr.example', suite.coordinator.url)
      .replaceAll('/sdk/VERSION/chorale.js', sdk.url)
      .replaceAll('sha384-…', sdk.integrity['chorale.js']!)
      .replaceAll('sha256-…', await manifestHash(study))
      .replaceAll('pulse-2026-11', study.id)
      .replaceAll('NONCE', 'bm9uY2U')
      .replace('<script', `${importMap(sdk.integrity)}<script`);
    const [token] = await suite.coordinator.invite(study.id, [{ name: 'README', group: 'sales' }]);
    suite.pages.putFile('/survey-token', token!, 'text/plain');
    const policy = `default-src 'none'; script-src 'nonce-bm9uY2U'; connect-src 'self' ${suite.coordinator.url}`;
    const { page, complaints } = await openTab(suite.pages.put('/readme', html, policy));
    await page.getByRole('button', { name: 'Teilnehmen' }).click();
    await page.getByRole('radio', { name: 'Ja' }).check();
    await page.getByRole('button', { name: 'Meine Antworten senden' }).click();
    await page.getByRole('heading', { name: 'Danke, Ihre Stimme ist angekommen' }).waitFor();
    await page.getByText('Thank you. Reference', { exact: false }).waitFor();
    expect(complaints).toEqual([]);
  });

  test.each(['chorale.js', 'elements'])(
    '[U6] does not run %s where it is not what its integrity says',
    async (start) => {
      const name = Object.keys(sdk.integrity).find((file) => file.startsWith(start))!;
      const wrong = `sha384-${'A'.repeat(64)}`;
      const html = embedding(survey(study))
        .replace(sdk.integrity[name]!, wrong)
        .replace('<script', `${importMap({ ...sdk.integrity, [name]: wrong })}<script`);
      const { page, complaints } = await openTab(await invited(suite.pages.put('/tampered', html), study));
      await expect.poll(() => complaints.join()).toMatch(/integrity/);
      expect(await page.evaluate(() => customElements.get('chorale-survey') === undefined)).toBe(true);
    },
  );
});

test('[U7] only what is needed is fetched, when it is needed, and weighs what the size check says', async () => {
  const fetched: string[] = [];
  const page = await suite.context.newPage();
  page.on('request', (request) => {
    if (request.url().includes('/sdk/'))
      fetched.push(
        request
          .url()
          .split('/')
          .at(-1)!
          .replace(/-[\w-]{8}\.js$/, '.js'),
      );
  });
  const files = new Map<string, number>();
  page.on('response', (response) => {
    const path = response.url().split(`/sdk/${sdk.version}/`)[1];
    if (path !== undefined) files.set(path, gzipSync(readFileSync(join(sdkFolder, path)), { level: 9 }).length);
  });
  await page.goto(suite.pages.put('/empty', embedding()));
  await page.waitForLoadState('networkidle');
  expect(fetched).toEqual(['chorale.js']);

  // An element that comes later is found.
  await page.evaluate((html) => document.querySelector('main')!.insertAdjacentHTML('beforeend', html), survey(study));
  await page.getByText('Waiting for your invitation').waitFor();
  const [token] = await suite.coordinator.invite(study.id, [{ name: 'Size', group: 'sales' }]);
  await page.evaluate((value) => (document.querySelector('chorale-survey')!.token = value), token);
  await page.getByRole('button', { name: 'Take part' }).waitFor();
  await fillOneQuestion(page, 'Yes');
  await send(page);
  await waitUntilSent(page);
  // No socket among them: that is for training.
  expect(new Set(fetched)).toEqual(new Set(['chorale.js', 'elements.js', 'rolldown-runtime.js', 'en.js']));
  const total = [...files.values()].reduce((sum, bytes) => sum + bytes, 0);
  expect(files.get('chorale.js')).toBeLessThan(3000);
  expect(total, JSON.stringify([...files])).toBeLessThan(surveyPathBytes);
});

/** As `.size-limit.mjs` has it. */
const surveyPathBytes = 45_000;

describe('an element', () => {
  test('of one study keeps to itself beside one of another', async () => {
    const { page } = await openTab(
      await invited(suite.pages.put('/two', embedding(survey(study), survey(second))), study, second),
    );
    const [first, other] = [page.locator('chorale-survey').nth(0), page.locator('chorale-survey').nth(1)];
    await first.getByRole('button', { name: 'Take part' }).click();
    await other.getByRole('button', { name: 'Take part' }).click();
    await first.getByRole('radio', { name: 'Yes' }).check();
    await other.getByRole('radio', { name: 'No' }).check();
    expect(await first.getByRole('radio', { name: 'Yes' }).isChecked()).toBe(true);
    const ids = await page
      .locator('chorale-survey input')
      .evaluateAll((inputs) => inputs.map(({ id }) => id).filter(Boolean));
    expect([ids.length, new Set(ids).size]).toEqual([2, 2]);
    await first.getByRole('button', { name: /^Send/ }).click();
    await first.getByRole('heading', { name: /your voice is in/ }).waitFor();
    // Both are six, and the limit of the device is eight: one ledger over all studies.
    await other.getByRole('button', { name: /^Send/ }).click();
    await other.getByText('Your privacy budget does not allow this').waitFor();
    expect((await heard(page)).at(-1)).toMatchObject({
      type: 'error',
      study: 'second',
      detail: { code: 'BUDGET_EXCEEDED' },
    });
  });

  test('that is moved goes on as it was; taken away it lets go, and put back it has what was answered', async () => {
    const { page } = await openTab(await invited(suite.pages.put('/moved', embedding(survey(mixed))), mixed));
    await page.getByRole('button', { name: 'Take part' }).click();
    await page.getByRole('radio', { name: '4' }).check();
    await page.getByLabel('Hours I worked').fill('not a number');
    await page.getByText('Saved in this browser.').waitFor();
    const readyEvents = async () => (await heard(page)).filter(({ type }) => type === 'ready').length;
    await page.evaluate(() => document.body.prepend(document.querySelector('chorale-survey')!));
    expect(await page.getByLabel('Hours I worked').inputValue()).toBe('not a number');
    expect(await readyEvents()).toBe(1);

    await page.evaluate(async () => {
      const element = document.querySelector('chorale-survey')!;
      element.remove();
      await new Promise((done) => setTimeout(done));
      document.body.append(element);
    });
    await expect.poll(readyEvents).toBe(2);
    expect(await page.getByRole('radio', { name: '4' }).isChecked()).toBe(true);

    await page.evaluate(() => document.querySelector('chorale-survey')!.destroy());
    expect(await page.getByRole('radio').count()).toBe(0);
    expect(await page.evaluate(async () => (await navigator.locks.query()).held)).toEqual([]);
  });

  test('that was taken away before its texts came has them when it is put back', async () => {
    const page = await suite.context.newPage();
    await page.route(/\/en-[^/]+\.js$/, (route) => route.abort());
    await page.goto(await invited(suite.pages.put('/texts', embedding(survey(study))), study));
    await expect.poll(async () => (await heard(page)).some(({ type }) => type === 'error')).toBe(true);
    await page.evaluate(async () => {
      globalThis.taken = document.querySelector('chorale-survey')!;
      globalThis.taken.remove();
      await new Promise((done) => setTimeout(done));
    });
    await page.unrouteAll();
    await page.evaluate(() => document.body.append(globalThis.taken));
    await page.getByRole('button', { name: 'Take part' }).waitFor();
  });

  test('[S7] that loses its network stores the report, and sends it when the network is back', async () => {
    const { page } = await openTab(await invited(suite.pages.put('/offline', embedding(survey(study))), study));
    const before = await voices(study.id);
    await fillOneQuestion(page, 'Yes');
    await page.waitForLoadState('networkidle');
    await suite.context.setOffline(true);
    await send(page);
    await page.getByText('Stored, and will be sent when the connection returns').waitFor();
    expect(await voices(study.id)).toBe(before);
    await suite.context.setOffline(false);
    await waitUntilSent(page);
    expect(await voices(study.id)).toBe(before + 1);
  });

  test('[U2] remembers on the device who never wants to take part, and has a way back', async () => {
    const { page } = await openTab(await invited(suite.pages.put('/never', embedding(survey(study))), study));
    await page.getByRole('button', { name: 'Not now' }).click();
    await page.getByText('none will be unless you change your mind').waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Never for this survey' }).click();
    await page.getByText('remembers your decision').waitFor();
    await page.reload();
    await page.getByText('remembers your decision').waitFor();
    await page.getByRole('button', { name: 'I have changed my mind' }).click();
    await page.getByRole('heading', { name: 'Before you decide' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Take part' }).waitFor();
  });

  test('gives the receipt as a file, and erases on request', async () => {
    const { page } = await openTab(await invited(suite.pages.put('/receipt', embedding(survey(study))), study));
    await fillOneQuestion(page, 'Yes');
    await send(page);
    await waitUntilSent(page);
    const { receipt } = (await heard(page)).at(-1)!.detail as { receipt: Receipt };
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download the receipt' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('chorale-receipt-one-question.json');
    const file = JSON.parse(await readFile(await download.path(), 'utf8')) as Record<string, unknown>;
    expect(file).toMatchObject({ ...receipt, secret: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    expect(createHash('sha256').update(String(file['report'])).digest('hex')).toBe(receipt.reportHash);
    await page.getByRole('button', { name: 'Erase my answers' }).click();
    await page.getByRole('button', { name: 'Erase for good' }).click();
    await page.getByRole('heading', { name: 'Your answers are erased' }).waitFor();
    expect((await heard(page)).at(-1)).toMatchObject({ type: 'erased' });
  });

  test('[S11] [U4] takes the report back on request, and says what became of it', async () => {
    const { page } = await openTab(await invited(suite.pages.put('/withdraw', embedding(survey(study))), study));
    const before = await voices(study.id);
    await fillOneQuestion(page, 'Yes');
    await send(page);
    await waitUntilSent(page);
    const focused = () => page.evaluate(() => document.querySelector('chorale-survey')!.shadowRoot!.activeElement?.id);
    await page.getByRole('button', { name: 'Withdraw my report' }).click();
    await page.getByRole('button', { name: 'Leave it' }).click();
    await expect.poll(focused).toBe('withdraw');
    expect(await voices(study.id)).toBe(before + 1);
    await page.getByRole('button', { name: 'Withdraw my report' }).click();
    await suite.context.setOffline(true);
    await page.getByRole('button', { name: 'Withdraw for good' }).click();
    await page.getByText('The coordinator is being asked to delete').waitFor();
    await expect.poll(focused).toBe('withdrawing');
    await suite.context.setOffline(false);
    await page.getByRole('heading', { name: 'Your report is withdrawn' }).waitFor();
    await expect.poll(focused).toBe('sent');
    expect(await voices(study.id)).toBe(before);
    expect((await heard(page)).at(-1)).toMatchObject({ type: 'withdrawn', detail: { outcome: 'withdrawn' } });
    await page.reload();
    await page.getByRole('heading', { name: 'Your report is withdrawn' }).waitFor();
    expect(await page.getByRole('button', { name: 'Withdraw my report' }).count()).toBe(0);
  });

  test('[S12] that cannot decrypt what was kept says so, and starts over on request', async () => {
    const { page } = await openTab(await invited(suite.pages.put('/key', embedding(survey(study))), study));
    await page.getByRole('button', { name: 'Take part' }).click();
    await page.getByRole('radio', { name: 'Yes' }).check();
    await page.getByText('Saved in this browser.').waitFor();
    await page.evaluate(async () => {
      const cleared = Promise.withResolvers<void>();
      const opening = indexedDB.open('chorale');
      opening.addEventListener('success', () => {
        const transaction = opening.result.transaction('keys', 'readwrite');
        transaction.objectStore('keys').clear();
        transaction.addEventListener('complete', () => {
          opening.result.close();
          cleared.resolve();
        });
      });
      await cleared.promise;
    });
    await page.reload();
    await page.getByRole('heading', { name: 'can no longer be read' }).waitFor();
    expect((await heard(page)).at(-1)).toMatchObject({ type: 'error', detail: { code: 'STORAGE_KEY_LOST' } });
    await page.getByRole('button', { name: 'Start over' }).click();
    await fillOneQuestion(page, 'Yes');
    await send(page);
    await waitUntilSent(page);
  });

  test('[S11] says so when a published number holds the report already', async () => {
    const address = suite.pages.put('/released', embedding(survey(study)));
    const { page } = await openTab(await invited(address, study));
    await fillOneQuestion(page, 'Yes');
    await send(page);
    await waitUntilSent(page);
    // Enough others of the same group for its block.
    for (let i = 1; i < study.publishing.minimumGroupSize; i += 1) {
      const other = await suite.browser.newContext({ locale: 'en' });
      const { page: tab } = await openTab(await invited(address, study), other);
      await fillOneQuestion(tab, 'No');
      await send(tab);
      await waitUntilSent(tab);
      await other.close();
    }
    const counted = await voices(study.id);
    await page.getByRole('button', { name: 'Withdraw my report' }).click();
    await page.getByRole('button', { name: 'Withdraw for good' }).click();
    await page.getByRole('heading', { name: 'Your report can no longer be withdrawn' }).waitFor();
    expect(await voices(study.id)).toBe(counted);
  });

  test('[U4] works by keyboard alone, and never loses focus', async () => {
    const { page } = await openTab(await invited(suite.pages.put('/keys', embedding(survey(mixed))), mixed));
    const focused = () =>
      page.evaluate(() => {
        const inner = document.querySelector('chorale-survey')!.shadowRoot!.activeElement;
        return `${inner?.localName} ${inner?.textContent?.trim().split('\n')[0] ?? ''}`.trim();
      });
    const press = async (...keys: string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await page.getByRole('button', { name: 'Take part' }).waitFor();
    await press('Tab', 'Enter');
    await expect.poll(focused).toBe('h2 Questions');
    await press('Tab', 'ArrowRight', 'ArrowRight');
    expect(await page.getByRole('radio', { name: '3' }).isChecked()).toBe(true);
    // Clearing takes its own button away.
    await press('Tab', 'Enter');
    await expect.poll(focused).toBe('input');
    expect(await page.getByRole('radio', { checked: true }).count()).toBe(0);
    await press('Tab');
    await page.keyboard.type('forty');
    await press('Tab', 'Enter');
    await expect.poll(focused).toMatch(/^div There is a problem|^div/);
    await press('Tab', 'Enter');
    await expect.poll(focused).toBe('input');
    await press('Control+a');
    await page.keyboard.type('40');
    await press('Tab', 'Enter');
    await expect.poll(focused).toBe('h2 Thank you, your voice is in');
  });
});

describe('[U4] has no WCAG 2.2 A or AA violation, wide and narrow, light and dark', () => {
  const states: [string, (page: Page) => Promise<void>][] = [
    ['the notice', async (page) => page.locator('#notice').waitFor()],
    [
      'questions, one of them wrong',
      async (page) => {
        await page.locator('button.primary').click();
        await page.locator('input[name="hours"]').fill('x');
        await page.locator('button.primary').click();
        await page.locator('#errors').waitFor();
      },
    ],
    [
      'what was sent',
      async (page) => {
        await page.locator('button.primary').click();
        await page.locator('input[name="hours"]').fill('38');
        await page.locator('input[name="workload"]').nth(1).check();
        await page.locator('button.primary').click();
        await page.locator('#sent').waitFor();
        await page.locator('summary').click();
        await page.locator('#withdraw').click();
      },
    ],
    [
      'a report that was taken back',
      async (page) => {
        await page.locator('button.primary').click();
        await page.locator('button.primary').click();
        await page.locator('#withdraw').click();
        await page.locator('#withdraw-confirm').click();
        await page.locator('#sent + p').waitFor();
        await page.locator('#withdraw').waitFor({ state: 'detached' });
      },
    ],
  ];
  const locales = ['en', 'ar', 'de'];

  test.each(locales.flatMap((locale) => states.map(([name, reach]) => ({ locale, name, reach }))))(
    '$name, in $locale',
    async ({ locale, reach }) => {
      const address = suite.pages.put(`/axe-${locale}`, embedding(survey(long, `locale="${locale}"`)));
      await expectAccessible(suite.browser, async (of) => {
        const { page } = await openTab(await invited(address, long), of);
        await reach(page);
        const direction = await page.locator('chorale-survey [dir]').first().getAttribute('dir');
        expect(direction).toBe(locale === 'ar' ? 'rtl' : 'ltr');
        return page;
      });
    },
  );
});
