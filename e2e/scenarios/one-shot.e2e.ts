import type { Evaluation, Manifest, ModelCard, TrainingRounds, TrainingTask } from '@chorale/protocol';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyRounds } from '../../coordinator/src/rounds/verify-rounds.ts';
import { launchBrowser } from '../browsers.ts';
import { centralAuc, centralGramAuc } from '../central-auc.ts';
import { TestCoordinator } from '../coordinator.ts';
import { openSite, startTraining } from '../site-pages.ts';
import { demoStudy } from '../studies.ts';
import { dataSource, employeesByDepartment } from '../training-data.ts';

const sites = employeesByDepartment();
const files = sites.map(({ csv }) => csv);
const sample = demoStudy('attrition-one-shot');
/** In which no site is waited for in vain. */
const noised: Manifest & { training: TrainingTask } = {
  ...sample,
  training: { ...sample.training!, cohort: { ...sample.training!.cohort, quorum: 3 } },
};
/** The same without noise, with bounds that clip no row and no site, and with bins that tell nearly all scores apart. */
const open: Manifest & { training: TrainingTask } = {
  ...noised,
  id: 'one-shot-open',
  simulated: true,
  training: {
    ...noised.training,
    clippingNorm: 900,
    exampleClippingNorm: 6,
    privacy: { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 0, delta: 1e-6 },
    evaluation: { ...noised.training.evaluation, bins: 1000, noiseMultiplier: 0 },
  },
};

let browser: Browser;
let coordinator: TestCoordinator;

beforeAll(async () => {
  browser = await launchBrowser();
  coordinator = await TestCoordinator.start([open, noised]);
});

afterAll(async () => {
  await browser?.close();
  await coordinator?.stop();
});

/** Trains in a tab a department, each in a browser profile of its own, until the tabs say that nothing more is asked. */
async function trainInTabs(study: string): Promise<{ pages: Page[]; log: TrainingRounds }> {
  const pages = await Promise.all(
    sites.map(async ({ site, group, csv }) =>
      openSite(await browser.newContext(), coordinator.url, { study, site, group, csv }),
    ),
  );
  for (const page of pages) await startTraining(page);
  for (const page of pages) await page.getByText('the one round is committed').waitFor({ timeout: 60_000 });
  return { pages, log: await coordinator.get<TrainingRounds>(`/api/v1/studies/${study}/rounds`) };
}

function aucOf(evaluation: Evaluation): number {
  if (evaluation.label !== 'binary' || evaluation.auc === null) throw new TypeError('there is no AUC');
  return evaluation.auc;
}

const closeAll = (pages: Page[]): Promise<void[]> => Promise.all(pages.map((page) => page.context().close()));
const cardOf = (study: string) => coordinator.get<ModelCard>(`/api/v1/studies/${study}/model/card`);

test(`[T5] a Gram matrix from three tabs gives the model that all rows in one place give (${dataSource})`, async () => {
  const { pages, log } = await trainInTabs(open.id);
  await closeAll(pages);
  expect(log).toMatchObject({ committedRounds: 1, totalRounds: 1 });
  expect(log.rounds).toMatchObject([
    { kind: 'train', state: 'committed', accepted: 3, spent: [] },
    { kind: 'evaluate', state: 'committed', accepted: 3 },
  ]);
  const auc = aucOf(log.rounds[1]!.evaluation!);
  const gram = await centralGramAuc(open.training, files);
  const converged = await centralAuc(open.training, files);
  console.info(`one-shot AUC ${auc.toFixed(4)}, central ${gram.toFixed(4)}, converged ${converged.toFixed(4)}`);
  // The grid moves a sum by up to three steps of .014 rows, and bins of .001 hide some of the order.
  expect(Math.abs(auc - gram)).toBeLessThan(0.005);
  // One Newton step stops short of the model that logistic regression ends at.
  expect(auc).toBeGreaterThan(converged - 0.03);
  expect((await cardOf(open.id)).training).toMatchObject({
    algorithm: { oneShot: 'gram-matrix' },
    committedRounds: 1,
    contributions: { fewest: 3, most: 3 },
  });
});

test('[B1] [B2] with noise one update is charged once, to the employees of the site, within epsilon 4', async () => {
  const { pages, log } = await trainInTabs(noised.id);
  expect(log.noised).toBe(true);
  expect(await verifyRounds({ manifest: noised, rounds: log, modelRound: 1 })).toEqual([]);
  const [trained, evaluated] = log.rounds;
  expect(trained!.spent).toMatchObject([{ privacyUnit: 'employee', neighboringRelation: 'replace-one', delta: 1e-6 }]);
  expect(evaluated!.spent[0]!.epsilon).toBeLessThan(4);
  for (const page of pages) {
    // The ledger of each browser says the same, in its own figures, of nobody but an employee.
    const meter = page.getByRole('meter');
    expect(await meter.count()).toBe(1);
    const spent = Number(await meter.getAttribute('aria-valuenow'));
    expect(spent).toBeGreaterThan(3);
    expect(spent).toBeLessThan(4.5);
  }
  await closeAll(pages);
  const { privacy, accuracy } = await cardOf(noised.id);
  expect(privacy).toMatchObject([{ privacyUnit: 'employee' }]);
  console.info(`with noise: AUC ${aucOf(accuracy!).toFixed(4)} at epsilon ${privacy[0]!.epsilon.toFixed(2)}`);
});
