import { type Manifest, parseManifest, type SurveyChannels } from '@chorale/protocol';
import { ReleaseLog } from '../src/oversight/release-log.ts';
import { SqliteStore } from '../src/storage/sqlite-store.ts';
import { ImportedBenchmarks } from '../src/surveys/imported-benchmarks.ts';
import { Invitations } from '../src/surveys/invitations.ts';
import { ReportService } from '../src/surveys/report-service.ts';
import { ResultsService } from '../src/surveys/results-service.ts';
import { StudyRegistry } from '../src/surveys/study-registry.ts';
import { pulseStudy, questions } from './pulse-study.ts';

/** Somebody who takes part in a wave, as their invitation says it. */
export type Arrival = { wave: number; person: number; group: string };

/** One number as somebody sees it who knows who came when: whom it is about, and what it says. */
export type PublishedNumber = { people: Uint8Array; counts: readonly number[] };

const GROUPS = ['sales', 'legal', 'works'];
const QUESTION = 'stay';

/** One question to three departments; a wave of a series, or one of several studies that have nothing to do with it. */
function waveManifest(
  wave: number,
  { series, minimumGroupSize }: { series: string | null; minimumGroupSize: number },
): Manifest {
  return parseManifest({
    ...pulseStudy({ id: `wave-${wave}`, epsilon: 3, minimumGroupSize, asked: questions.slice(0, 1) }),
    groups: { attribute: 'department', label: 'Department', values: GROUPS.map((id) => ({ id, label: id })) },
    ...(series === null ? {} : { series }),
  });
}

/**
 * Runs waves through the coordinator's own code over SQLite, and looks at every number of every wave and filter after
 * each report. Everybody has one memoized letter and the same name in all waves. A wave is published with its first
 * arrival.
 * @param options.letters by person
 * @returns all numbers that were ever published of the question, each once
 */
export async function attackWaves(
  arrivals: readonly Arrival[],
  {
    folder,
    series,
    minimumGroupSize,
    letters,
  }: { folder: string; series: string | null; minimumGroupSize: number; letters: readonly number[] },
): Promise<PublishedNumber[]> {
  const store = await SqliteStore.open(folder);
  try {
    const studies = new StudyRegistry({ store, now: Date.now });
    const invitations = new Invitations(await store.secret('invitation', 32));
    const reports = new ReportService({ store, studies, invitations, now: Date.now });
    const benchmarks = new ImportedBenchmarks({ store, studies, now: Date.now });
    const releases = new ReleaseLog({ store, now: Date.now });
    const results = new ResultsService({ studies, reports, releases, benchmarks });
    const came = new Map<string, number[]>();
    const numbers = new Map<string, PublishedNumber>();
    for (const { wave, person, group } of arrivals) {
      const { study } = await studies.publish(waveManifest(wave, { series, minimumGroupSize }), { type: 'operator' });
      const { id } = study.manifest;
      const token = await invitations.sign({ study: id, sub: `person-${String(person).padStart(4, '0')}`, group });
      const report = reportOf({ ...study, channels: study.channels! }, letters[person]!);
      await reports.accept({ token, report });
      came.set(`${id} ${group}`, [...(came.get(`${id} ${group}`) ?? []), person]);

      // Numbers of a wave change with its own reports alone.
      const tally = await reports.tally(id);
      const released = new Map(
        GROUPS.map((name) => {
          // Blocks are taken in the order of arrival, so that whoever counts knows whose they are.
          const { respondents } = tally.published(QUESTION, name);
          return [name, (came.get(`${id} ${name}`) ?? []).slice(0, respondents)] as const;
        }),
      );
      const shown = (await results.of(id)).questions[0]!.cells;
      for (const filter of [null, ...GROUPS]) {
        const people = filter === null ? [...released.values()].flat() : released.get(filter)!;
        const cell = shown.find((of) => of.group === filter)!;
        if (cell.state === 'published' && cell.respondents !== people.length) {
          throw new Error(`${id}: ${cell.respondents} respondents are shown, ${people.length} are released`);
        }
        if (people.length === 0) continue;
        const weights = new Uint8Array(letters.length);
        for (const one of people) weights[one] = 1;
        numbers.set(`${wave} ${weights.join('')}`, {
          people: weights,
          counts: tally.published(QUESTION, filter).counts,
        });
      }
    }
    return [...numbers.values()];
  } finally {
    await store.close();
  }
}

function reportOf(
  { manifest, hash, channels }: { manifest: Manifest; hash: string; channels: SurveyChannels },
  letter: number,
): string {
  const { mechanism, outputs } = channels.byQuestion.get(QUESTION)!.channel;
  const answers = [{ question: QUESTION, mechanism, outputs, letter }];
  return JSON.stringify({ protocol: manifest.protocol, study: manifest.id, manifest: hash, answers });
}
