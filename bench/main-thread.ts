import { type Manifest, parameterCount } from '@chorale/protocol';
import { employeesToCsv, syntheticEmployees } from '@chorale/sdk/testing';
import { launchBrowser } from '../e2e/browsers.ts';
import { TestCoordinator } from '../e2e/coordinator.ts';
import { openSite, startTraining } from '../e2e/site-pages.ts';
import { demoStudy } from '../e2e/studies.ts';

const attrition = demoStudy('attrition');
const rounds = 3;
/** Of some 50, 3 thousand and 600 thousand parameters. */
const networks = [[], [64], [1024, 520]];

declare global {
  /** Milliseconds of each task of the page's main thread that took more than 50. */
  var longTasks: number[];
}

/** Is a page kept busy while it trains? A site's page of the demo takes part in rounds with noise at every step. */
export async function benchMainThread(): Promise<void> {
  const browser = await launchBrowser();
  console.log(`main thread of a page that trains ${rounds} rounds, ${browser.version()}`);
  console.log('parameters  tasks over 50 ms (ms each)');
  try {
    for (const hidden of networks) {
      const study = studyOf(hidden);
      const coordinator = await TestCoordinator.start([study]);
      try {
        const context = await browser.newContext();
        await context.addInitScript(() => {
          globalThis.longTasks = [];
          const observer = new PerformanceObserver((list) => {
            globalThis.longTasks.push(...list.getEntries().map(({ duration }) => Math.round(duration)));
          });
          observer.observe({ type: 'longtask' });
        });
        const csv = employeesToCsv(syntheticEmployees({ rows: 500, seed: 1 }));
        const group = attrition.groups.values[0]!.id;
        const page = await openSite(context, coordinator.url, { study: attrition.id, site: 'a', group, csv });
        // What loading the page took is not asked for.
        await page.evaluate(() => globalThis.longTasks.splice(0));
        await startTraining(page);
        await page.getByText(`all ${rounds} rounds are committed`).waitFor({ timeout: 300_000 });
        const tasks = await page.evaluate(() => globalThis.longTasks);
        const parameters = parameterCount(study.training!).toLocaleString('en').padStart(10);
        console.log(`${parameters}  ${tasks.length}${tasks.length === 0 ? '' : ` (${tasks.join(', ')})`}`);
        await context.close();
      } finally {
        await coordinator.stop();
      }
    }
  } finally {
    await browser.close();
  }
}

/** One site, which takes part in every round. */
function studyOf(hidden: number[]): Manifest {
  return {
    ...attrition,
    training: {
      ...attrition.training!,
      model: { hidden, activation: 'relu' },
      rounds,
      localEpochs: 2,
      cohort: { size: 1, quorum: 1, selectionTimeoutMs: 1000, deadlineMs: 120_000 },
    },
  };
}
