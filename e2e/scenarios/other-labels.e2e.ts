import type { Evaluation, Manifest, TrainingRounds, TrainingTask } from '@chorale/protocol';
import type { Browser, BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { syntheticEmployees, employeesToCsv } from '../../sdk/src/training/testing/synthetic-employees.ts';
import { expectAccessible } from '../accessible.ts';
import { launchBrowser } from '../browsers.ts';
import { TestCoordinator } from '../coordinator.ts';
import { openSite, startTraining } from '../site-pages.ts';
import { demoStudy } from '../studies.ts';

const open = demoStudy('attrition-open');
const { bins: _bins, ...unbinned } = open.training!.evaluation;

/** A study of made-up employees of two sites, in which both take part in every round. */
function studyOf(id: string, changes: Pick<TrainingTask, 'label'> & Partial<TrainingTask>): Manifest {
  const task = open.training!;
  return {
    ...open,
    id,
    title: id,
    training: {
      ...task,
      features: task.features.filter(({ column }) => column !== changes.label.column),
      rounds: 6,
      localEpochs: 10,
      cohort: { size: 2, quorum: 2, selectionTimeoutMs: 60_000, deadlineMs: 60_000 },
      ...changes,
    },
  };
}

const studies = {
  income: studyOf('income', {
    label: { type: 'number', column: 'MonthlyIncome', minimum: 1000, maximum: 20_000, text: 'What people earn' },
    learningRate: 0.05,
  }),
  level: studyOf('level', {
    label: { type: 'category', column: 'JobLevel', categories: ['1', '2', '3', '4', '5'] },
    learningRate: 1,
    evaluation: unbinned,
  }),
};

let browser: Browser;
let coordinator: TestCoordinator;

beforeAll(async () => {
  browser = await launchBrowser();
  coordinator = await TestCoordinator.start(Object.values(studies));
});

afterAll(async () => {
  await browser?.close();
  await coordinator?.stop();
});

/** What the last evaluation found, once two sites have trained all rounds of a study in tabs of their own. */
async function train({ id, training }: Manifest): Promise<Evaluation> {
  const contexts = await Promise.all(['sales', 'research'].map(() => browser.newContext()));
  for (const [i, context] of contexts.entries()) {
    const csv = employeesToCsv(syntheticEmployees({ rows: 700, seed: i + 1 }));
    const group = open.groups.values[i]!.id;
    await startTraining(await openSite(context, coordinator.url, { study: id, site: `site-${i}`, group, csv }));
  }
  const found = await vi.waitFor(
    async () => {
      const { rounds } = await coordinator.get<TrainingRounds>(`/api/v1/studies/${id}/rounds`);
      const last = rounds.find(({ modelRound, evaluation }) => modelRound === training!.rounds && evaluation !== null);
      return last?.evaluation ?? Promise.reject(new Error('not evaluated yet'));
    },
    { timeout: 90_000, interval: 300 },
  );
  for (const context of contexts) await context.close();
  return found;
}

async function openPage(context: BrowserContext, path: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${coordinator.url}${path}`);
  return page;
}

test('two sites learn a number: better than naming the mean, and shown in its unit', async () => {
  const found = await train(studies.income);
  if (found.label !== 'number') throw new Error('expected an error');
  console.info(`income: mean error ${found.error} (${found.errorLower} to ${found.errorUpper}), mean ${found.spread}`);
  expect(found.errorUpper).toBeLessThan(found.spread!);

  await expectAccessible(browser, async (context) => {
    const page = await openPage(context, '/model?study=income');
    await page.getByText('Mean error after round 6').waitFor();
    await page.getByText('Linear regression').waitFor();
    await page.getByRole('button', { name: 'Fill in a made-up employee' }).click();
    await page.getByRole('button', { name: 'Score this row' }).click();
    await page.getByText(/^[\d,]+ is the model’s guess of MonthlyIncome/).waitFor();
    return page;
  });
  await expectAccessible(browser, async (context) => {
    const page = await openPage(context, '/results/income/training');
    await page.getByText('Mean guess is how far off').waitFor();
    return page;
  });
});

test('two sites learn categories', async () => {
  const found = await train(studies.level);
  if (found.label !== 'category') throw new Error('expected an accuracy');
  console.info(`level: ${found.accuracy} (${found.accuracyLower} to ${found.accuracyUpper}), ${found.mostFrequent}`);
  expect(found.accuracyLower).toBeGreaterThan(found.mostFrequent!);

  await expectAccessible(browser, async (context) => {
    const page = await openPage(context, '/model?study=level');
    await page.getByText('Accuracy after round 6').waitFor();
    await page.getByRole('button', { name: 'Fill in a made-up employee' }).click();
    await page.getByRole('button', { name: 'Score this row' }).click();
    await page.getByText(/is the likeliest/).waitFor();
    return page;
  });
});
