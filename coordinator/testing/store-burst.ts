import { openSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { StorageError } from '../src/storage/storage-error.ts';
import type { RoundRecord } from '../src/storage/store.ts';
import { burstModel, type BurstOptions, burstReport, BURST_STUDY } from './burst-options.ts';
import { openPlace } from './store-place.ts';

// Writes into a store until it is killed: reports, forty at a time, and rounds with their models. What was
// acknowledged goes into the ledger, a line each: "report NAME", "open ROUND" or "committed ROUND". Says
// "acknowledged" on stdout once, after the first report. Like a device or the round's runner, it asks again
// where the store does not answer.
const { place, ledger, name }: BurstOptions = JSON.parse(process.argv[2] ?? '');
const time = '2026-11-01T00:00:00.000Z';
const store = await openPlace(place);
await store.putStudy({ id: BURST_STUDY, hash: 'sha256-x', manifest: '{}', publishedAt: time });
await store.abandonOpenRounds({ study: BURST_STUDY, reason: 'the process was killed', endedAt: time });
const lines = openSync(ledger, 'a');
let isFirst = true;

/** Asks again until the store has answered; a refusal is taken for an answer that was lost before. */
async function insist(ask: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await ask();
      return;
    } catch (error) {
      if (!(error instanceof StorageError)) {
        if (attempt > 1) return;
        throw error;
      }
      await pause(20);
    }
  }
}

async function sendReports(writer: number): Promise<never> {
  for (let i = 0; ; i += 1) {
    const report = burstReport(`${name}-${writer}-${i}`);
    await insist(() => store.addReport(report));
    writeSync(lines, `report ${report.participant}\n`);
    if (isFirst) process.stdout.write('acknowledged\n');
    isFirst = false;
  }
}

async function runRounds(): Promise<never> {
  const known = await store.readRounds(BURST_STUDY);
  const last = known.at(-1)?.round ?? 0;
  let modelRound = known.filter(({ state }) => state === 'committed').length;
  for (let round = last + 1; ; round += 1) {
    const open: RoundRecord = {
      study: BURST_STUDY,
      round,
      kind: 'train',
      state: 'open',
      modelRound,
      cohort: 2,
      accepted: 0,
      dropouts: 0,
      startedAt: time,
      endedAt: null,
      reason: null,
      histogram: null,
      shape: null,
    };
    await insist(() => store.openRound(open));
    writeSync(lines, `open ${round}\n`);
    modelRound += 1;
    const model = burstModel(modelRound);
    await insist(() => store.endRound({ ...open, state: 'committed', accepted: 2, endedAt: time }, model));
    writeSync(lines, `committed ${round}\n`);
  }
}

await Promise.all([runRounds(), ...Array.from({ length: 40 }, (_, writer) => sendReports(writer))]);
