import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SurveyResults } from '@chorale/protocol';
import type { BrowserContext, Page } from 'playwright';
import { describe, expect, test } from 'vitest';
import { expectAccessible } from '../accessible.ts';
import { embeddingSuite } from '../embedding-suite.ts';
import { putExample } from '../example-pages.ts';
import { manifest as study, unmapped } from '../examples/surveyjs/study.ts';
import { SentBytes } from '../sent-bytes.ts';
import { oneQuestionStudy } from '../studies.ts';

const other = oneQuestionStudy();

let address: string;
const suite = embeddingSuite([study, other], async ({ pages, coordinator }) => {
  const policy = `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ${coordinator.url}`;
  address = await putExample(pages, { name: 'surveyjs', coordinator: coordinator.url, policy });
});

let people = 0;
/** A tab with the page and a fresh person's invitation, and what its console complained of. */
async function openTab({
  of = suite.context,
  study: asked = study.id,
}: { of?: BrowserContext; study?: string } = {}): Promise<{ page: Page; complaints: string[] }> {
  people += 1;
  const [token] = await suite.coordinator.invite(asked, [{ name: `person ${people}`, group: 'sales' }]);
  suite.pages.putFile('/survey-token', token!, 'text/plain');
  const page = await of.newPage();
  await page.addInitScript((id) => {
    document.addEventListener('DOMContentLoaded', () =>
      document.querySelector('chorale-survey')!.setAttribute('study', id),
    );
  }, asked);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  await page.goto(address);
  return { page, complaints };
}

const fileOf = (path: string): string => readFileSync(resolve(import.meta.dirname, '..', '..', path), 'utf8');

test('the README has the files of the example', () => {
  for (const file of ['study.ts', 'index.html', 'main.ts'])
    expect(fileOf('sdk/README.md')).toContain(fileOf(`e2e/examples/surveyjs/${file}`));
  expect(unmapped).toEqual([{ name: 'remarks', type: 'comment', reason: 'free-text' }]);
});

const voices = async () => (await suite.coordinator.get<SurveyResults>(`/api/v1/studies/${study.id}/results`)).voices;
const take = (page: Page) => page.getByRole('button', { name: 'Take part' }).click();
/** SurveyJS hides its radios behind what it draws. */
const choose = (page: Page, group: string, name: string) =>
  page.getByRole('radiogroup', { name: group }).getByRole('radio', { name, exact: true }).check({ force: true });
const lead = (page: Page, answer: 'Yes' | 'No') => page.getByText(answer, { exact: true }).click();
const next = (page: Page) => page.getByRole('button', { name: 'Next' }).click();
const complete = (page: Page) => page.getByRole('button', { name: 'Complete' }).click();
const arrived = (page: Page) => page.getByRole('heading', { name: /your voice is in/ }).waitFor();
/** A question's row in what was sent, or in what never left. */
const exchanged = (page: Page, text: string) =>
  page.locator('.exchange, .kept > div').filter({ hasText: text }).textContent();

test('[U10] [U1] a SurveyJS survey is completed by keyboard; only its randomized answers leave', async () => {
  const left = new SentBytes(suite.context);
  const { page, complaints } = await openTab();
  const before = await voices();
  const press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const focused = () =>
    page.evaluate(() => {
      const inner = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement;
      return inner instanceof HTMLInputElement ? inner.value : (inner?.textContent?.trim() ?? '');
    });
  const tabTo = async (label: string): Promise<void> => {
    for (let i = 0; i < 12 && !(await focused()).includes(label); i += 1) await press('Tab');
    expect(await focused()).toContain(label);
  };
  await page.getByRole('button', { name: 'Take part' }).waitFor();
  expect(await page.getByText('My workload is manageable.').isVisible()).toBe(false);
  await tabTo('Take part');
  await press('Enter');
  await expect.poll(focused).toBe('Questions');

  await press('Tab', 'ArrowRight', 'ArrowRight', 'ArrowRight');
  expect(await page.getByRole('radio', { name: '4', exact: true }).isChecked()).toBe(true);
  await press('Tab', 'ArrowDown');
  await tabTo('Next');
  await press('Enter');
  await page.getByRole('spinbutton').waitFor();
  await page.getByRole('spinbutton').focus();
  await page.keyboard.type('41');
  await press('Tab');
  await page.keyboard.type('my secret note');
  await tabTo('Complete');
  await press('Enter');
  await expect.poll(focused).toBe('Thank you, your voice is in');

  expect(await voices()).toBe(before + 1);
  expect(await exchanged(page, 'My workload is manageable.')).toContain('4');
  expect(await exchanged(page, 'Where do you work most?')).toContain('In the office');
  expect(await exchanged(page, 'Hours that you worked last week')).toContain('41');
  expect(await exchanged(page, 'Do you lead a team?')).toContain('No answer');
  for (const raw of ['secret', 'remarks', 'office']) expect(left.contain(raw)).toBe(false);
  expect(left.reports()).toHaveLength(1);
  const told = 'attachChorale: answers to remarks are not in the study and were not sent';
  // SurveyJS writes the icon of its timer with an inline style, which the policy keeps out.
  expect(complaints.filter((text) => !text.startsWith('Applying inline style violates'))).toEqual([told]);
});

test('[U10] what became invisible, or was required and skipped, is no answer', async () => {
  const { page } = await openTab();
  await take(page);
  await lead(page, 'Yes');
  await choose(page, 'I get the support that I need to lead.', '5');
  await lead(page, 'No');
  await page.getByText('I get the support that I need to lead.').waitFor({ state: 'detached' });
  await next(page);
  await page.getByRole('radio', { name: 'row your pay, column Very' }).check({ force: true });
  await complete(page);
  await arrived(page);
  expect(await exchanged(page, 'I get the support that I need to lead.')).toContain('No answer');
  expect(await exchanged(page, 'My workload is manageable.')).toContain('No answer');
  expect(await exchanged(page, 'Do you lead a team?')).toContain('No');
  expect(await exchanged(page, 'How content are you with: your pay')).toContain('3');
});

test('[U10] a survey that was begun goes on at the next visit with what was answered, and is empty once erased', async () => {
  const { page } = await openTab();
  await take(page);
  await choose(page, 'My workload is manageable.', '2');
  await choose(page, 'Where do you work most?', 'In the office');
  await lead(page, 'Yes');
  await page.getByText('I get the support that I need to lead.').waitFor();
  await page.reload();
  await page.getByText('I get the support that I need to lead.').waitFor();
  expect(await page.getByRole('radio', { name: '2', exact: true }).first().isChecked()).toBe(true);
  expect(await page.getByRole('radio', { name: 'In the office' }).isChecked()).toBe(true);
  await next(page);
  await complete(page);
  await arrived(page);
  await page.getByRole('button', { name: 'Erase my answers' }).click();
  await page.getByRole('button', { name: 'Erase for good' }).click();
  await page.getByRole('heading', { name: 'Your answers are erased' }).waitFor();
  expect(await page.locator('#questions input:checked').count()).toBe(0);
});

test('[S1] a page whose mapping is for another study asks nothing, and says so', async () => {
  const { page } = await openTab({ study: other.id });
  await page.getByText('This study has changed').waitFor();
  await page.getByText('Details').click();
  await page.getByText(`the mapping is for the study ${study.id}, not ${other.id}`).waitFor();
  expect(await page.getByText('My workload is manageable.').isVisible()).toBe(false);
});

describe('[U4] has no WCAG 2.2 A or AA violation, wide and narrow, light and dark', () => {
  const states: [string, (page: Page) => Promise<void>][] = [
    ['the notice', (page) => page.getByRole('button', { name: 'Take part' }).waitFor()],
    [
      'the first page of the survey',
      async (page) => {
        await take(page);
        await choose(page, 'Where do you work most?', 'At home');
        await lead(page, 'Yes');
      },
    ],
    [
      'its last page',
      async (page) => {
        await take(page);
        await next(page);
        await page.getByRole('spinbutton').fill('38');
      },
    ],
    [
      'what was sent',
      async (page) => {
        await take(page);
        await next(page);
        await complete(page);
        await arrived(page);
      },
    ],
  ];

  test.each(states)('%s', async (_, reach) => {
    await expectAccessible(suite.browser, async (of) => {
      const { page } = await openTab({ of });
      await reach(page);
      return page;
    });
  });
});
