import { createHash } from 'node:crypto';
import { type Manifest, parseManifest } from '@chorale/protocol';
import { Exports } from '../src/oversight/exports.ts';
import { ReleaseLog } from '../src/oversight/release-log.ts';
import { SqliteStore } from '../src/storage/sqlite-store.ts';
import { DriversService } from '../src/surveys/drivers-service.ts';
import { ImportedBenchmarks } from '../src/surveys/imported-benchmarks.ts';
import { Invitations } from '../src/surveys/invitations.ts';
import { ReportService } from '../src/surveys/report-service.ts';
import { ResultsService } from '../src/surveys/results-service.ts';
import { SeriesService } from '../src/surveys/series-service.ts';
import { StudyRegistry, type SurveyStudy } from '../src/surveys/study-registry.ts';
import { type Known, WaveKnowledge } from './wave-knowledge.ts';
import { pulseStudy, questions } from './pulse-study.ts';

/** Somebody takes part in a wave, as their invitation says it, or takes their report to it back. */
export type Arrival = { wave: number; person: number; group: string; withdraws?: true };

/** What is attacked: the waves of a series, or with `null` as many studies that have nothing to do with each other. */
export type AttackedWaves = {
  folder: string;
  series: string | null;
  minimumGroupSize: number;
  /** By person, what their device reports to each question: noise is memoized, so it is the same in all waves. */
  letters: readonly Letters[];
};

/** By question. */
export type Letters = Readonly<Record<string, number>>;

export const attackedGroups = ['sales', 'legal', 'works'];
/** Asked in all waves, in this order; the last one in every second wave only, so that other people bar its blocks. */
export const attackedQuestions = ['stay', 'workload', 'recommend'];

/** Every device answers every question: the only kind of study that has drivers. */
function waveManifest(
  wave: number,
  { series, minimumGroupSize }: { series: string | null; minimumGroupSize: number },
): Manifest {
  const asked = attackedQuestions.slice(0, wave % 2 === 0 ? 3 : 2);
  return parseManifest({
    ...pulseStudy({
      id: `wave-${wave}`,
      epsilon: 20,
      minimumGroupSize,
      asked: questions.filter(({ id }) => asked.includes(id)),
    }),
    groups: {
      attribute: 'department',
      label: 'Department',
      values: attackedGroups.map((id) => ({ id, label: id })),
    },
    ...(series === null ? {} : { series }),
  });
}

/**
 * Runs waves through the coordinator's own code over SQLite, and reads every file of results after each report and each
 * withdrawal. A person has the same name in all waves. A wave is published with its first arrival.
 * @returns all that was ever published, each number once, with whom it is about
 */
export async function attackWaves(
  arrivals: readonly Arrival[],
  { folder, series, minimumGroupSize, letters }: AttackedWaves,
): Promise<Known> {
  const store = await SqliteStore.open(folder);
  try {
    const now = Date.now;
    const studies = new StudyRegistry({ store, now });
    const invitations = new Invitations(await store.secret('invitation', 32));
    const reports = new ReportService({ store, studies, invitations, now });
    const benchmarks = new ImportedBenchmarks({ store, studies, now });
    const results = new ResultsService({ studies, reports, releases: new ReleaseLog({ store, now }), benchmarks });
    const drivers = new DriversService({ results });
    const exports = new Exports({
      store,
      results,
      drivers,
      series: new SeriesService({ studies, reports, results }),
      now,
    });
    const knowledge = new WaveKnowledge({ exports, series, people: letters.length });
    for (const arrival of arrivals) {
      const { wave, person, group } = arrival;
      const { study } = await studies.publish(waveManifest(wave, { series, minimumGroupSize }), { type: 'operator' });
      const { id } = study.manifest;
      const sub = `person-${String(person).padStart(4, '0')}`;
      const token = await invitations.sign({ study: id, sub, group });
      const secret = `${id} ${sub}`;
      if (arrival.withdraws === true) {
        const { outcome } = await reports.withdraw({ token, secret });
        if (outcome === 'withdrawn') knowledge.leaves(arrival);
      } else {
        const withdrawal = createHash('sha256').update(secret).digest('hex');
        await reports.accept({ token, report: reportOf(study as SurveyStudy, letters[person]!), withdrawal });
        knowledge.comes(arrival);
      }
      await knowledge.look(arrival, await reports.tally(id));
    }
    await knowledge.compareFiles();
    return knowledge.known;
  } finally {
    await store.close();
  }
}

function reportOf({ manifest, hash, channels }: SurveyStudy, letters: Letters): string {
  const answers = [...channels.byQuestion].map(
    ([
      question,
      {
        channel: { mechanism, outputs },
      },
    ]) => {
      return { question, mechanism, outputs, letter: letters[question]! };
    },
  );
  return JSON.stringify({ protocol: manifest.protocol, study: manifest.id, manifest: hash, answers });
}
