import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SurveyResults } from '@chorale/protocol';
import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { embeddingSuite } from '../embedding-suite.ts';
import { putExample } from '../example-pages.ts';
import { oneQuestionStudy } from '../studies.ts';
import { fillOneQuestion, send, waitUntilSent } from '../survey-pages.ts';

/** As the example names it. */
const study = oneQuestionStudy({ id: 'pulse-2026-11' });

let address: string;
const suite = embeddingSuite([study], async ({ pages, coordinator }) => {
  const policy = `default-src 'none'; script-src 'self'; connect-src 'self' ${coordinator.url}`;
  address = await putExample(pages, { name: 'react', coordinator: coordinator.url, policy });
});

/** A tab with the page, and what its console says. */
async function openTab(token: string): Promise<{ page: Page; said: string[] }> {
  suite.pages.putFile('/survey-token', token, 'text/plain');
  const page = await suite.context.newPage();
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  await page.goto(address);
  return { page, said };
}

async function invited(name: string): Promise<string> {
  const [token] = await suite.coordinator.invite(study.id, [{ name, group: 'sales' }]);
  return token!;
}

const voices = async () => (await suite.coordinator.get<SurveyResults>(`/api/v1/studies/${study.id}/results`)).voices;
const toggle = (page: Page) => page.getByRole('checkbox', { name: 'Show the survey' }).click();
const survey = (page: Page) => page.locator('chorale-survey');

const fileOf = (path: string): string => readFileSync(resolve(import.meta.dirname, '..', '..', path), 'utf8');

test('the README has the component of the example', () => {
  expect(fileOf('sdk/README.md')).toContain(fileOf('e2e/examples/react/survey-page.tsx'));
});

test('[U11] in strict mode a React page sends one report, and its handler hears of it', async () => {
  const before = await voices();
  const { page, said } = await openTab(await invited('Ada'));
  await page.getByText('Your invitation says: Department Sales.').waitFor();
  await fillOneQuestion(page, 'Yes');
  await send(page);
  await waitUntilSent(page);
  const fingerprint = await page.locator('[part~="receipt"] code').nth(1).textContent();
  await page.getByText(`Thank you. Reference ${fingerprint}`).waitFor();
  expect(await voices()).toBe(before + 1);
  expect(said).toEqual([]);
});

test('[U11] a component that is unmounted lets go, and mounted again has what was answered', async () => {
  const { page } = await openTab(await invited('Grace'));
  await fillOneQuestion(page, 'No');
  await toggle(page);
  await survey(page).waitFor({ state: 'detached' });
  await toggle(page);
  await page.getByRole('radio', { name: 'No', checked: true }).waitFor();
  await send(page);
  await waitUntilSent(page);
  await toggle(page);
  await toggle(page);
  await page.getByRole('heading', { name: 'You have answered already' }).waitFor();
});

test('[U11] a handler hears of an error once, and a ref has the methods of the element', async () => {
  const { page, said } = await openTab('not an invitation');
  await fillOneQuestion(page, 'Yes');
  await send(page);
  await page.getByRole('heading', { name: 'This invitation is not valid' }).waitFor();
  expect(said.filter((text) => text === 'TOKEN_INVALID')).toEqual(['TOKEN_INVALID']);
  await page.getByRole('button', { name: 'Close the survey' }).click();
  await page.getByRole('heading', { name: 'This invitation is not valid' }).waitFor({ state: 'detached' });
  await expect.poll(() => survey(page).evaluate((element) => element.shadowRoot!.childElementCount)).toBe(0);
});
