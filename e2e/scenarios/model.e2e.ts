import { layerSizes, type Manifest, type TrainingRounds } from '@chorale/protocol';
import type { Browser, BrowserContext } from 'playwright';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { encodeInputs, readCsv } from '../../sdk/src/index.ts';
import { TypedArrayEngine } from '../../sdk/src/training/engines/typed-array-engine.ts';
import { expectAccessible } from '../accessible.ts';
import { launchBrowser } from '../browsers.ts';
import { TestCoordinator } from '../coordinator.ts';
import { SentBytes } from '../sent-bytes.ts';
import { openSite, startTraining } from '../site-pages.ts';
import { demoStudy } from '../studies.ts';
import { employeesByDepartment } from '../training-data.ts';

const open = demoStudy('attrition-open');
/** One round of one site, and an evaluation of it. */
const study: Manifest = {
  ...open,
  training: {
    ...open.training!,
    rounds: 1,
    cohort: { size: 1, quorum: 1, selectionTimeoutMs: 1000, deadlineMs: 60_000 },
  },
};
const task = study.training!;
const untrained: Manifest = { ...study, id: 'untrained', title: 'Not trained yet' };
const [site] = employeesByDepartment();

let browser: Browser;
let coordinator: TestCoordinator;

beforeAll(async () => {
  browser = await launchBrowser();
  coordinator = await TestCoordinator.start([study, untrained]);
  const context = await browser.newContext();
  const { group, csv } = site!;
  await startTraining(await openSite(context, coordinator.url, { study: study.id, site: 'north', group, csv }));
  await vi.waitFor(
    async () => {
      const { rounds } = await coordinator.get<TrainingRounds>(`/api/v1/studies/${study.id}/rounds`);
      expect(rounds.some((round) => round.evaluation !== null)).toBe(true);
    },
    { timeout: 60_000, interval: 300 },
  );
  await context.close();
});

afterAll(async () => {
  await browser?.close();
  await coordinator?.stop();
});

async function openModel(context: BrowserContext, id = study.id) {
  const page = await context.newPage();
  await page.goto(`${coordinator.url}/model?study=${id}`);
  await page.getByRole('combobox', { name: 'Study' }).waitFor();
  return page;
}

/** What the network of the SDK says of the first row, with the weights that anybody can fetch. */
async function expectedScore(csv: string): Promise<number> {
  const response = await fetch(`${coordinator.url}/api/v1/studies/${study.id}/model/weights.bin`);
  const parameters = new Float32Array(await response.arrayBuffer());
  const { inputs } = encodeInputs(task, await readCsv(csv));
  const engine = new TypedArrayEngine({ layerSizes: layerSizes(task), activation: task.model.activation });
  const [score] = await engine.scores(parameters, { inputs, labels: new Uint8Array(1), rows: 1 });
  return score!;
}

test('a model that left is loaded again and scores a row in the browser, as the network that trained it does', async () => {
  const context = await browser.newContext();
  const sent = new SentBytes(context);
  const page = await openModel(context);
  await page.getByText('must not decide about a person').waitFor();
  await page.getByText('AUC after round 1').waitFor();
  await page.getByRole('button', { name: 'Fill in a made-up employee' }).click();
  await page.getByLabel('MonthlyIncome').fill('4321');
  await page.getByRole('button', { name: 'Score this row' }).click();
  const outcome = await page.locator('.outcome.notice.good').innerText();
  const cells = await page.locator('.cells').evaluate((fields) =>
    [...fields.querySelectorAll('.field')].map((field) => [
      field
        .querySelector('label')!
        .textContent.replace(field.querySelector('.hint')?.textContent ?? '', '')
        .trim(),
      field.querySelector<HTMLInputElement | HTMLSelectElement>('input, select')!.value,
    ]),
  );
  const csv = [0, 1].map((i) => cells.map((cell) => `"${cell[i]}"`).join(',')).join('\n');
  const shown = Number.parseFloat(outcome) / 100;
  expect(Math.abs(shown - (await expectedScore(csv)))).toBeLessThan(0.001);
  expect(sent.contain('4321')).toBe(false);
  await context.close();
});

test('a row that does not fit says which cell, and another study without a model says so', async () => {
  const context = await browser.newContext();
  const page = await openModel(context);
  await page.getByRole('button', { name: 'Fill in a made-up employee' }).click();
  await page.getByLabel('MonthlyIncome').fill('a lot');
  await page.getByRole('button', { name: 'Score this row' }).click();
  await page.getByRole('alert').getByText('MonthlyIncome: not a number').waitFor();
  await page.getByRole('combobox', { name: 'Study' }).selectOption(untrained.title);
  await page.getByText('There is no model yet').waitFor();
  await context.close();
});

test('the page has no WCAG 2.2 A or AA violation, wide and narrow, light and dark', async () => {
  await expectAccessible(browser, async (context) => {
    const page = await openModel(context);
    await page.getByRole('button', { name: 'Fill in a made-up employee' }).click();
    await page.getByRole('button', { name: 'Score this row' }).click();
    await page.locator('.outcome').waitFor();
    return page;
  });
});
