import type { ModelCard, TrainingRounds } from '@chorale/protocol';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { syntheticEmployees, employeesToCsv } from '../../sdk/src/training/testing/synthetic-employees.ts';
import { launchBrowser } from '../browsers.ts';
import { TestCoordinator } from '../coordinator.ts';
import { openSite, startTraining } from '../site-pages.ts';
import { demoStudy } from '../studies.ts';

const open = demoStudy('attrition-open');
const adaptiveClipping = { quantile: 0.5, learningRate: 1, minimum: 0.01, maximum: 50, indicatorShare: 0.1 };
const task = {
  ...open.training!,
  rounds: 14,
  cohort: { size: 2, quorum: 2, selectionTimeoutMs: 60_000, deadlineMs: 60_000 },
  // Far above any update of this task.
  clippingNorm: 50,
  adaptiveClipping,
  bitsPerParameter: 16 as const,
};

let browser: Browser;
let coordinator: TestCoordinator;

beforeAll(async () => {
  browser = await launchBrowser();
  coordinator = await TestCoordinator.start([{ ...open, training: task }]);
});

afterAll(async () => {
  await browser?.close();
  await coordinator?.stop();
});

test('[T6] sites in two tabs clip to the norm of each round, which follows their updates', async () => {
  const contexts = await Promise.all(['sales', 'research'].map(() => browser.newContext()));
  for (const [i, context] of contexts.entries()) {
    const csv = employeesToCsv(syntheticEmployees({ rows: 300, seed: i + 1 }));
    const group = open.groups.values[i]!.id;
    await startTraining(await openSite(context, coordinator.url, { study: open.id, site: `site-${i}`, group, csv }));
  }
  const rounds = await vi.waitFor(
    async () => {
      const published = await coordinator.get<TrainingRounds>(`/api/v1/studies/${open.id}/rounds`);
      return published.state === 'done' ? published : Promise.reject(new Error('not done yet'));
    },
    { timeout: 90_000, interval: 300 },
  );
  for (const context of contexts) await context.close();
  // As long as both are within the norm it falls by exp(.5) a round, and would have come to this. It stops where the
  // devices, clipping to it, say that they are not any more.
  const fallen = task.clippingNorm * Math.exp(-0.5 * task.rounds);
  console.info(`clipping norm: ${task.clippingNorm} at first, ${rounds.clippingNorm} after ${task.rounds} rounds`);
  expect(rounds.clippingNorm).toBeGreaterThan(4 * fallen);
  expect(rounds.clippingNorm).toBeLessThan(task.clippingNorm * Math.exp(-2));
  const card = await coordinator.get<ModelCard>(`/api/v1/studies/${open.id}/model/card`);
  expect(card.training).toMatchObject({
    clippingNorm: 50,
    adaptiveClipping: { quantile: 0.5, minimum: 0.01, maximum: 50 },
  });
});
