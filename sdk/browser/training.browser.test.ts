import { readFile } from 'node:fs/promises';
import { parameterCount, type TrainingTask } from '@chorale/protocol';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchBrowser } from '../../e2e/browsers.ts';
import { TypedArrayEngine } from '../src/training/engines/typed-array-engine.ts';
import { readCsv } from '../src/training/csv.ts';
import { evaluationHistogram } from '../src/training/evaluation.ts';
import { encodeTable } from '../src/training/features.ts';
import { splitRecords } from '../src/training/holdout.ts';
import { localRound } from '../src/training/local-round.ts';
import { taskNetwork } from '../src/training/task-network.ts';
import { TrainingSession } from '../src/training/training-session.ts';
import { attritionTask } from '../src/training/testing/attrition-task.ts';
import { employeesToCsv, syntheticEmployees } from '../src/training/testing/synthetic-employees.ts';
import { serveBuild, type ServedBuild } from './served-build.ts';
import type { ContractResult } from './training/contract-worker.ts';
import './training/page.ts';

const csv = employeesToCsv(syntheticEmployees({ rows: 120, seed: 1 }));
const task: TrainingTask = { ...attritionTask, localEpochs: 3 };
/** What it needs is a part of the SDK that other workers do not load. */
const gram: TrainingTask = {
  ...task,
  localEpochs: 1,
  learningRate: 1,
  clippingNorm: 200,
  algorithm: { oneShot: { rule: 'gram-matrix' } },
};
/** More steps than any test waits for. */
const endless: TrainingTask = {
  ...task,
  model: { hidden: [2048], activation: 'relu' },
  localEpochs: 1000,
  batchSize: 1,
};
const endlessWork = { task: endless, csv, options: { preferredEngine: 'typed-arrays' } } as const;
const zeros = (of: TrainingTask): number[] => Array.from({ length: parameterCount(of) }, () => 0);

let build: ServedBuild;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  build = await serveBuild({
    root: new URL('training', import.meta.url).pathname,
    origins: [
      { 'content-security-policy': "default-src 'self'" },
      {},
      { 'content-security-policy': "default-src 'self' http://localhost:*; worker-src blob:" },
    ],
  });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await build?.close();
});
beforeEach(async () => {
  page = await open(build.origins[0]!);
  return async () => page.context().close();
});

async function open(url: string): Promise<Page> {
  const context = await browser.newContext();
  const opened = await context.newPage();
  await opened.goto(url);
  return opened;
}

/** What the same work gives outside a worker, in this process. */
async function expected(
  of: TrainingTask,
  kind: 'train' | 'evaluate',
  parameters: number[],
  rows = csv,
): Promise<number[]> {
  const engine = new TypedArrayEngine(taskNetwork(of));
  const { training, heldBack } = await splitRecords(encodeTable(of, await readCsv(rows)), of.evaluation);
  const common = { task: of, engine, parameters: Float32Array.from(parameters), noiseless: true };
  return [
    ...(kind === 'train'
      ? await localRound({ ...common, training })
      : await evaluationHistogram({ ...common, heldBack })),
  ];
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  return a.length === b.length ? Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) : Infinity;
}

test.each(['webgpu', 'webgl', 'wasm'])(
  'the %s engine keeps the contract in a worker, leaks no tensor and brings no kernel that it does not call',
  async (name) => {
    const free = await open(build.origins[1]!);
    const result: ContractResult = await free.evaluate((engine) => globalThis.training.contract(engine), name);
    expect(result).toEqual({ failures: [], cases: expect.any(Number), leakedTensors: 0, unusedKernels: [] });
    expect(result.cases).toBeGreaterThan(140);
    await free.context().close();
  },
);

const { bins: _bins, ...unbinned } = task.evaluation;
const without = (column: string): TrainingTask['features'] => task.features.filter((f) => f.column !== column);
const labels: [string, TrainingTask][] = [
  ['two values', task],
  ['a Gram matrix', gram],
  [
    'a number',
    {
      ...task,
      features: without('MonthlyIncome'),
      label: { type: 'number', column: 'MonthlyIncome', minimum: 1000, maximum: 20_000 },
    },
  ],
  [
    'categories',
    {
      ...task,
      features: without('BusinessTravel'),
      label: {
        type: 'category',
        column: 'BusinessTravel',
        categories: ['Non-Travel', 'Travel_Rarely', 'Travel_Frequently'],
      },
      evaluation: unbinned,
    },
  ],
];

test.each(labels.flatMap(([name, of]) => (['train', 'evaluate'] as const).map((kind) => [kind, name, of] as const)))(
  'a worker under the strictest policy can %s on %s',
  async (kind, _, of) => {
    const parameters = zeros(of).map((_value, i) => Math.sin(i) / 10);
    const { integers, engine } = await page.evaluate((args) => globalThis.training.once(...args), [
      kind,
      { task: of, csv },
      parameters,
    ] as const);
    expect(largestDifference(integers, await expected(of, kind, parameters))).toBeLessThanOrEqual(1);
    expect(engine.name).toBe('typed-arrays');
    expect(engine.reason).toMatch(/^typed arrays: [\d.]+ ms a step, too fast/);
  },
);

test.each([true, false])(
  'a worker remembers the rounds before for SCAFFOLD, if they were charged: %s',
  async (kept) => {
    const scaffold: TrainingTask = { ...task, batchSize: null, algorithm: { client: { rule: 'scaffold' } } };
    const models = [0.1, 0.2, 0.3].map((size) => zeros(task).map((_, i) => size * Math.sin(i)));
    const updates = await page.evaluate((args) => globalThis.training.rounds(...args), [
      { task: scaffold, csv },
      models,
      kept,
    ] as const);
    const session = await TrainingSession.open({
      task: scaffold,
      records: encodeTable(scaffold, await readCsv(csv)),
      noiseless: true,
      preferredEngine: 'typed-arrays',
    });
    for (const [modelRound, parameters] of models.entries()) {
      const update = [...(await session.train({ parameters: Float32Array.from(parameters), modelRound }))];
      if (kept) session.keep();
      expect(largestDifference(updates[modelRound]!, update)).toBeLessThanOrEqual(1);
    }
    // Without a memory every round is one of FedAvg.
    const alone = await expected({ ...task, batchSize: null }, 'train', models[2]!);
    if (kept) expect(largestDifference(updates[2]!, alone)).toBeGreaterThan(1000);
    else expect(largestDifference(updates[2]!, alone)).toBeLessThanOrEqual(1);
  },
);

test('[B7] a worker keeps the rows of one employee together', async () => {
  const owned = { ...task, employeeColumn: 'Owner', batchSize: null };
  const [header, ...lines] = csv.trimEnd().split(/\r?\n/);
  const twice = [`${header},Owner`, ...lines.map((line, row) => `${line},employee ${row % 60}`)].join('\n');
  const parameters = zeros(owned).map((_, i) => Math.sin(i) / 10);
  for (const kind of ['train', 'evaluate'] as const) {
    const { integers } = await page.evaluate((args) => globalThis.training.once(...args), [
      kind,
      { task: owned, csv: twice },
      parameters,
    ] as const);
    expect(largestDifference(integers, await expected(owned, kind, parameters, twice))).toBeLessThanOrEqual(1);
    if (kind === 'evaluate') expect(integers.reduce((sum, count) => sum + count, 0)).toBeLessThan(30);
  }
});

test('a worker says nothing but which engine it uses, counts, and the finished update', async () => {
  await page.evaluate((args) => globalThis.training.once(...args), ['train', { task, csv }, zeros(task)] as const);
  const messages = await page.evaluate(() =>
    globalThis.training.messages.map((m) => ({ type: m['type'], keys: Object.keys(m) })),
  );
  expect(messages.map(({ type }) => type)).toEqual(['alive', 'started', 'progress', 'done']);
  expect(new Set(messages.flatMap(({ keys }) => keys))).toEqual(
    new Set(['type', 'engine', 'rows', 'id', 'step', 'steps', 'integers']),
  );
});

test.each(['webgl', 'webgpu', 'wasm'] as const)(
  '%s, when asked for, gives the typed arrays update',
  async (preferredEngine) => {
    const free = await open(build.origins[1]!);
    const { integers, engine } = await free.evaluate((args) => globalThis.training.once(...args), [
      'train',
      { task, csv, options: { preferredEngine } },
      zeros(task),
    ] as const);
    expect(engine.name).toBe(preferredEngine);
    expect(engine.reason).toMatch(new RegExp(`^typed arrays: [\\d.]+ ms a step; ${preferredEngine}: [\\d.]+ ms$`));
    expect(largestDifference(integers, await expected(task, 'train', zeros(task)))).toBeLessThanOrEqual(3);
    await free.context().close();
  },
);

test('wasm that the policy forbids gives way to typed arrays', async () => {
  const { engine } = await page.evaluate((args) => globalThis.training.once(...args), [
    'train',
    { task, csv, options: { preferredEngine: 'wasm' } },
    zeros(task),
  ] as const);
  expect(engine.name).toBe('typed-arrays');
  expect(engine.reason).toContain('wasm: not used');
});

test.each([
  ['in steps', task],
  ['on a Gram matrix', gram],
])('an SDK from another origin trains %s in a worker from a blob', async (_, of) => {
  const other = await open(`${build.origins[2]}/embedder.html`);
  const html = await readFile(`${build.directory}/index.html`, 'utf8');
  const entry = /src="\.\/(assets\/[^"]+)"/.exec(html)![1]!;
  await other.addScriptTag({ type: 'module', url: `${build.origins[1]}/${entry}` });
  await other.waitForFunction(() => globalThis.training !== undefined);
  const { integers } = await other.evaluate((args) => globalThis.training.once(...args), [
    'train',
    { task: of, csv },
    zeros(of),
  ] as const);
  expect(largestDifference(integers, await expected(of, 'train', zeros(of)))).toBeLessThanOrEqual(1);
  await other.context().close();
});

test('a refusal in the worker arrives with its code', async () => {
  const failure = await page.evaluate(
    ([work, parameters]) => globalThis.training.failure(globalThis.training.once('train', work, parameters)),
    [{ task, csv, options: { noiseless: false } }, zeros(task)] as const,
  );
  expect(failure).toMatchObject({ name: 'ChoraleError', code: 'NOISELESS_REFUSED' });
});

test('a cancelled round ends at once, and the worker takes the next', async () => {
  const result = await page.evaluate(
    async ([work, parameters]) => {
      const worker = await globalThis.training.start(work);
      const controller = new AbortController();
      const progress = globalThis.training.nextProgress();
      const cancelled = worker.train({
        parameters: Float32Array.from(parameters),
        modelRound: 0,
        signal: controller.signal,
      });
      await progress;
      controller.abort();
      const failure = await globalThis.training.failure(cancelled);
      const integers = await worker.evaluate({ parameters: Float32Array.from(parameters) });
      worker.terminate();
      return { failure, integers: [...integers], progress: globalThis.training.progress };
    },
    [endlessWork, zeros(endless)] as const,
  );
  expect(result.failure.name).toBe('AbortError');
  expect(largestDifference(result.integers, await expected(endless, 'evaluate', zeros(endless)))).toBe(0);
  expect(result.progress.at(-1)!.step).toBeLessThan(result.progress[0]!.steps);
});

type Failure = { name: string; code: unknown; message: string };

/** Starts endless training, and ends its worker in a way, as often as asked, once it has made a step. */
async function trainAndLoseWorkers(times: number, lose: () => void): Promise<Failure> {
  await page.evaluate(
    async ([work, parameters]) => {
      const worker = await globalThis.training.start(work);
      Object.assign(globalThis, {
        failure: globalThis.training.failure(
          worker.train({ parameters: Float32Array.from(parameters), modelRound: 0 }),
        ),
      });
    },
    [endlessWork, zeros(endless)] as const,
  );
  for (let time = 1; time <= times; time += 1) {
    await page.waitForFunction(
      (count) => globalThis.training.messages.filter((m) => m['type'] === 'started').length === count,
      time,
    );
    await page.evaluate(() => globalThis.training.nextProgress());
    const [worker] = page.workers();
    const closed = worker!.waitForEvent('close');
    await worker!.evaluate(lose);
    await closed;
  }
  return page.evaluate((): Promise<Failure> => (globalThis as unknown as { failure: Promise<Failure> }).failure);
}

const losses: [string, () => void][] = [
  ['is ended by the browser', () => globalThis.close()],
  [
    'throws',
    () =>
      setTimeout(() => {
        throw new Error('broken');
      }),
  ],
];
test.each(losses)('a worker that %s is started once more; the second time the round fails', async (_, lose) => {
  expect(await trainAndLoseWorkers(2, lose)).toMatchObject({ name: 'ChoraleError', code: 'ENGINE_UNAVAILABLE' });
  const started = await page.evaluate(
    (): number => globalThis.training.messages.filter((m) => m['type'] === 'started').length,
  );
  expect(started).toBe(2);
});

const engineOf = (of: Page): Promise<{ name: string; reason: string }> =>
  of.evaluate(
    async (work) => {
      const worker = await globalThis.training.start(work);
      worker.terminate();
      return worker.engine;
    },
    { task: endless, csv },
  );

test('a round that typed arrays take long for has every engine tried and timed, at the first visit', async () => {
  const free = await open(build.origins[1]!);
  const { name, reason } = await engineOf(free);
  expect(['typed-arrays', 'webgpu', 'webgl']).toContain(name);
  expect(reason).toMatch(/^typed arrays: [\d.]+ ms a step; webgpu: [\d.]+ ms; webgl: [\d.]+ ms$/);
  await free.reload();
  const again = await engineOf(free);
  expect(again).toEqual({ name, reason: expect.stringMatching(/ \(measured on \d{4}-\d\d-\d\d\)$/) });
  expect(again.reason.startsWith(reason)).toBe(true);
  await free.context().close();
});

test('no engine is fetched while the battery is low', async () => {
  const fetched: string[] = [];
  page.on('request', (request) => fetched.push(request.url()));
  await page.addInitScript(() => {
    Object.assign(navigator, { getBattery: async () => ({ level: 0.1, charging: false }) });
  });
  await page.reload();
  const { name, reason } = await engineOf(page);
  expect(name).toBe('typed-arrays');
  expect(reason).toBe('typed arrays: nothing else is fetched, since the battery is low');
  expect(fetched.filter((url) => /tfjs|web(gpu|gl)/.test(url))).toEqual([]);
});
