import type { Browser } from 'playwright';
import { launchBrowser } from '../e2e/browsers.ts';
import { serveBuild } from '../sdk/browser/served-build.ts';
import { proportionalMemoryMb } from './local-round/process-memory.ts';
import './local-round/page.ts';
import type { RoundsRequest, RoundTimes } from './local-round/round-worker.ts';

// Of 4, 50 and 600 thousand parameters on 57 inputs.
const networks = [[64], [260, 134], [1024, 520]];
const tabs = 32;

/**
 * What does privacy cost a local round, next to the same steps without, and how far is that from letting tfjs
 * differentiate row by row? In a real browser, in workers, and in many of its tabs at once.
 */
export async function benchLocalRound(): Promise<void> {
  const build = await serveBuild({ root: new URL('local-round', import.meta.url).pathname, origins: [{}] });
  const browser = await launchBrowser();
  try {
    const url = build.origins[0]!;
    await compareEngines(browser, url);
    await trainInTabs(browser, url);
  } finally {
    await browser.close();
    await build.close();
  }
}

async function compareEngines(browser: Browser, url: string): Promise<void> {
  console.log(`local round in ${browser.version()}: 200 rows, 5 epochs, batches of 32; medians`);
  console.log('engine        parameters  without privacy   private  ratio');
  const page = await browser.newPage();
  await page.goto(url);
  const times = (request: RoundsRequest): Promise<RoundTimes> =>
    page.evaluate((asked) => globalThis.localRounds.times(asked), request);
  for (const engine of ['typed-arrays', 'wasm'] as const) {
    for (const [i, hidden] of networks.entries()) show(engine, await times({ engine, hidden, runs: [41, 15, 7][i]! }));
  }
  const hidden = networks[0]!;
  show('autodiff', await times({ engine: 'autodiff', hidden, runs: 3 }));
  const ratios: Record<'typed-arrays' | 'wasm', number[]> = { 'typed-arrays': [], wasm: [] };
  for (let turn = 0; turn < 3; turn += 1) {
    const autodiff = median((await times({ engine: 'autodiff', hidden, runs: 3 })).private);
    for (const engine of ['typed-arrays', 'wasm'] as const)
      ratios[engine].push(autodiff / median((await times({ engine, hidden, runs: 15 })).private));
  }
  for (const [engine, values] of Object.entries(ratios))
    console.log(`${engine}: ${median(values).toFixed(1)} times as fast as tfjs autodiff on wasm, by turns`);
  await page.close();
}

function show(name: string, { parameters, plain, private: noised }: RoundTimes): void {
  const ratio = median(plain.map((ms, i) => noised[i]! / ms));
  const cells = [
    name.padEnd(12),
    parameters.toLocaleString('en').padStart(11),
    `${median(plain).toFixed(1)} ms`.padStart(16),
    `${median(noised).toFixed(1)} ms`.padStart(9),
    ratio.toFixed(2).padStart(6),
  ];
  console.log(cells.join(' '));
}

/** All tabs start their worker, train and give their update at once. */
async function trainInTabs(browser: Browser, url: string): Promise<void> {
  const context = await browser.newContext();
  const pages = await Promise.all(Array.from({ length: tabs }, () => context.newPage()));
  await Promise.all(pages.map((page) => page.goto(url)));
  const hidden = networks[0]!;
  const started = performance.now();
  await Promise.all(pages.map((page) => page.evaluate((widths) => globalThis.localRounds.train(widths), hidden)));
  const seconds = (performance.now() - started) / 1000;
  const memory = await proportionalMemoryMb('chrom');
  console.log(`${tabs} tabs, a private round each from the start of its worker: ${seconds.toFixed(1)} s`);
  if (memory !== null) console.log(`all processes of the browser: ${Math.round(memory)} MB`);
  await context.close();
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
