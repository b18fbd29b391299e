import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { SurveyResults } from '@chorale/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { trueEstimates } from '@chorale/demo/company';
import { TestCoordinator } from '../coordinator.ts';
import { demoStudy } from '../studies.ts';

let coordinator: TestCoordinator;
const study = demoStudy('pulse-demo');

beforeAll(async () => {
  coordinator = await TestCoordinator.start([study]);
});

afterAll(async () => {
  await coordinator?.stop();
});

test('[E1] [E2] after a crowd of 5,000 the intervals hold the truth as often as they claim', async () => {
  const crowd = spawn(process.execPath, ['demo/src/crowd.ts', '--server', coordinator.url, '--json'], {
    cwd: resolve(import.meta.dirname, '../..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [code] = await once(crowd, 'exit');
  expect(code).toBe(0);

  const results = await coordinator.get<SurveyResults>(`/api/v1/studies/${study.id}/results`);
  expect(results.voices).toBe(5000);
  const intervals = results.questions.flatMap(({ question, cells }) => {
    const published = cells.filter((cell) => cell.state === 'published');
    const groups = published.flatMap(({ group, respondents }) => (group === null ? [] : [{ group, respondents }]));
    const definition = study.survey!.questions.find(({ id }) => id === question)!;
    return published.flatMap((cell) => {
      const truth = trueEstimates(definition, cell.group === null ? groups : [{ group: cell.group, respondents: 1 }]);
      return cell.estimates.map((estimate) => ({
        name: `${question} ${cell.group} ${estimate.id}`,
        ...estimate,
        truth: truth.get(estimate.id)!,
      }));
    });
  });

  // Nearly every cell can be read at this size: eight questions, ten departments and the total.
  expect(intervals.length).toBeGreaterThan(80);
  const misses = intervals.filter(({ lower, upper, truth }) => !(truth >= lower && truth <= upper));
  expect(misses.length, JSON.stringify(misses)).toBeLessThanOrEqual(mostMisses(intervals.length));
  // A missed truth is a near miss: no interval is off by more than its own width.
  for (const { name, lower, upper, truth } of intervals) {
    expect(truth, name).toBeGreaterThan(lower - (upper - lower));
    expect(truth, name).toBeLessThan(upper + (upper - lower));
  }
});

/** Misses of `count` independent 95% intervals that are exceeded once in a million runs. */
function mostMisses(count: number): number {
  let probability = 0.95 ** count;
  let cumulative = probability;
  let misses = 0;
  while (cumulative < 1 - 1e-6) {
    misses += 1;
    probability *= ((count - misses + 1) / misses) * (0.05 / 0.95);
    cumulative += probability;
  }
  return misses;
}
