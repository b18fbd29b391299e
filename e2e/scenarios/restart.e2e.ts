import type { SurveyResults, TrainingRounds } from '@chorale/protocol';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../browsers.ts';
import { TestCoordinator } from '../coordinator.ts';
import { ReportBurst } from '../report-burst.ts';
import { openSite, startTraining } from '../site-pages.ts';
import { demoStudy, oneQuestionStudy } from '../studies.ts';
import { employeesByDepartment } from '../training-data.ts';

const survey = oneQuestionStudy();
const open = demoStudy('attrition-open');
const sites = employeesByDepartment();
const training = {
  ...open,
  training: {
    ...open.training!,
    localEpochs: 200,
    learningRate: 0.1,
    cohort: { ...open.training!.cohort, selectionTimeoutMs: 1000 },
    evaluation: { ...open.training!.evaluation, everyRounds: 10 },
  },
};

let browser: Browser;
let coordinator: TestCoordinator;

beforeAll(async () => {
  browser = await launchBrowser();
  coordinator = await TestCoordinator.start([survey, training]);
});

afterAll(async () => {
  await browser?.close();
  await coordinator?.stop();
});

/** Numbers of the rounds that were committed. */
function committed({ rounds }: TrainingRounds): number[] {
  return rounds.filter((r) => r.state === 'committed').map((r) => r.round);
}

test('[S10] kill -9 in a burst of reports loses none that was acknowledged and doubles none', async () => {
  const employees = 600;
  for (const [attempt, killAfter] of [1, 30, 311].entries()) {
    const burst = await ReportBurst.prepare(coordinator, { study: survey, prefix: `burst-${attempt}`, employees });
    let killed: Promise<void> | undefined;
    await burst.run({
      onAcknowledged: (count) => {
        if (count >= killAfter) killed ??= coordinator.kill();
      },
    });
    await killed;
    const kept = new Set(burst.acknowledged);
    expect(kept.size).toBeGreaterThanOrEqual(killAfter);
    await coordinator.restart();
    // The very same texts again: what was acknowledged is a duplicate, what was not is taken now or was kept.
    for (const { token, duplicate } of await burst.resend()) if (kept.has(token)) expect(duplicate).toBe(true);
    const { voices } = await coordinator.get<SurveyResults>(`/api/v1/studies/${survey.id}/results`);
    expect(voices).toBe(employees * (attempt + 1));
  }
});

test('[R15] kill -9 in a round resumes from the last committed round', async () => {
  const rounds = () => coordinator.get<TrainingRounds>(`/api/v1/studies/${training.id}/rounds`);
  const pages = await Promise.all(
    sites.map(async ({ site, group, csv }) =>
      openSite(await browser.newContext(), coordinator.url, { study: training.id, site, group, csv }),
    ),
  );
  for (const page of pages) await startTraining(page);
  await expect
    .poll(async () => (await rounds()).committedRounds, { timeout: 60_000, interval: 50 })
    .toBeGreaterThanOrEqual(3);
  await expect
    .poll(async () => (await rounds()).rounds.at(-1)?.state, { timeout: 60_000, interval: 20 })
    .toBe('reporting');
  const before = await rounds();
  await coordinator.kill();
  await coordinator.restart();
  const after = await rounds();
  expect(after.committedRounds).toBeGreaterThanOrEqual(before.committedRounds);
  expect(committed(after)).toEqual(expect.arrayContaining(committed(before)));

  // The tabs are still open: they come back by themselves.
  await expect.poll(async () => (await rounds()).committedRounds, { timeout: 150_000, interval: 200 }).toBe(10);
  const numbers = (await rounds()).rounds.map((r) => r.round);
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect(new Set(numbers).size).toBe(numbers.length);
  await Promise.all(pages.map((page) => page.context().close()));
});
