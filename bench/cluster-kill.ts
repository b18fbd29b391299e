import { type ClusterTrialResult, clusterTrials, findPostgres, startPostgres } from '@chorale/coordinator/testing';
import type { BenchOptions } from './options.ts';

/** Kills where the command line does not say. */
const KILLS = 100;

/** Is every committed sum exact though nodes are killed? The first that is not ends the run with an error. */
export async function benchClusterKills({ kills, seed }: BenchOptions): Promise<void> {
  const trial = { kills: kills ?? KILLS, seed };
  console.log(`cluster-kill: ${trial.kills} kills of one of two nodes at a time, seed ${seed}`);
  const found = findPostgres();
  if ('missing' in found) return console.log(`  skipped, ${found.missing}`);
  const server = await startPostgres();
  try {
    report(await clusterTrials({ ...trial, databaseUrl: server.databaseUrl, onKill: progress }));
  } finally {
    await server.remove();
  }
}

function progress({ kills, ownerKills }: ClusterTrialResult): void {
  if (kills % 20 === 0) console.error(`  ${kills} kills, ${ownerKills} of them of the owner`);
}

function report(result: ClusterTrialResult): void {
  const { kills, ownerKills, during, committed, checked, shared, abandoned, repeated } = result;
  console.log(`  ${kills} kills: ${ownerKills} of the rounds' owner, ${kills - ownerKills} of its peer`);
  console.log(
    `    ${during.reporting} while updates came in, ${during.closing} while they were summed up, ${during.pause} between`,
  );
  console.log(`  ${committed} rounds committed, ${shared} of them from parts of both nodes; ${abandoned} run again`);
  console.log(
    `    ${checked} sums looked at, which are all but those whose model no client was given: every one exact`,
  );
  console.log(`    ${repeated} updates sent again, because the node that had accepted them was gone`);
}
