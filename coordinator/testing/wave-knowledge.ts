import type { DriversExport, SeriesExport, StudyExport } from '@chorale/protocol';
import type { ExportRequest, Exports } from '../src/oversight/exports.ts';
import type { PairCounts } from '../src/surveys/pair-tally.ts';
import type { StudyTally } from '../src/surveys/study-tally.ts';
import type { Arrival } from './wave-attack.ts';

/** One number as somebody sees it who knows who came when: whom it is about, and what it says. */
export type PublishedNumber<Said> = { people: Uint8Array; counts: Said };

export type Known = {
  /** By question, how often each letter was reported. */
  questions: Map<string, PublishedNumber<readonly number[]>[]>;
  /** Of the same people, how often two letters came together, for each two questions of their study. */
  pairs: PairsNumber[];
};

/** Whether any correlation of these people was shown: of fewer than a hundred none is. */
type PairsNumber = PublishedNumber<readonly PairCounts[]> & { isShown: boolean };

/** Files of results, as often as an attacker looks at them. */
const LOOKS_A_FULL_READING = 100;

/**
 * What somebody knows who reads all files of results after every report, and knows who came when. Whom a number is about
 * follows from how many it is about: reports of a group are published in the order of their arrival. That all files are
 * about those people is checked, and that the counts are theirs can be.
 *
 * Estimates are taken for the counts that they are made of, and correlations for the counts of two letters together, shown
 * or not: nothing that is made of counts tells more than they do, and the log has a hash of them to compare guesses with.
 * How many took part tells nothing of their answers.
 */
export class WaveKnowledge {
  readonly #options: { exports: Exports; series: string | null; people: number };
  /** By wave and group, who is in it by now. */
  readonly #present = new Map<string, number[]>();
  /** By wave and group, how many of them files of drivers are about. */
  readonly #paired = new Map<string, number>();
  /** By wave, question and filter, respondents behind a number, 0 for none. */
  readonly #respondents = new Map<string, number>();
  readonly #questions = new Map<string, Map<string, PublishedNumber<readonly number[]>>>();
  readonly #pairs = new Map<string, PairsNumber>();
  readonly #studies = new Set<string>();
  #looks = 0;

  /** @param options.people how many there are in all waves */
  constructor(options: { exports: Exports; series: string | null; people: number }) {
    this.#options = options;
  }

  get known(): Known {
    return {
      questions: new Map([...this.#questions].map(([question, numbers]) => [question, [...numbers.values()]])),
      pairs: [...this.#pairs.values()],
    };
  }

  comes({ wave, group, person }: Arrival): void {
    const key = `wave-${wave} ${group}`;
    this.#present.set(key, [...(this.#present.get(key) ?? []), person]);
  }

  leaves({ wave, group, person }: Arrival): void {
    const key = `wave-${wave} ${group}`;
    this.#present.set(
      key,
      this.#present.get(key)!.filter((one) => one !== person),
    );
  }

  /** Reads the files of the wave whose reports have just become more or fewer: those of others are as they were. */
  async look({ wave, group }: Arrival, tally: StudyTally): Promise<void> {
    const study = `wave-${wave}`;
    this.#studies.add(study);
    const { results } = await this.#json<StudyExport>({ kind: 'study', id: study });
    for (const { question, cells } of results.questions) {
      for (const cell of cells) {
        const { respondents, counts } = tally.published(question, cell.group);
        if (cell.state === 'published') expectEqual(cell.respondents, respondents, `${study} ${question}`);
        this.#respondents.set(
          JSON.stringify([study, question, cell.group]),
          cell.state === 'published' ? respondents : 0,
        );
        const groups = cell.group === null ? results.groups.values.map(({ id }) => id) : [cell.group];
        const people = groups.flatMap((one) => this.#first(study, one, tally.published(question, one).respondents));
        if (people.length === 0) continue;
        const numbers = this.#questions.get(question) ?? new Map<string, PublishedNumber<readonly number[]>>();
        this.#questions.set(question, numbers);
        const weights = this.#weights(people);
        numbers.set(`${wave} ${weights.join('')}`, { people: weights, counts });
      }
    }
    await this.#lookAtDrivers({ study, group }, tally);
    this.#looks += 1;
    if (this.#looks % LOOKS_A_FULL_READING === 0) await this.compareFiles();
  }

  /** Files of drivers grow by people of the group that somebody has just come to. */
  async #lookAtDrivers({ study, group }: { study: string; group: string }, { pairs }: StudyTally): Promise<void> {
    const { drivers } = await this.#json<DriversExport>({ kind: 'drivers', id: study });
    if (drivers.state !== 'available' || pairs === null) throw new Error(`${study} must have drivers`);
    const groups = [...this.#present.keys()].filter((key) => key.startsWith(`${study} `));
    const before = groups.reduce((sum, key) => sum + (this.#paired.get(key) ?? 0), 0);
    const key = `${study} ${group}`;
    this.#paired.set(key, (this.#paired.get(key) ?? 0) + drivers.respondents - before);
    const people = groups.flatMap((one) => {
      const [wave, name] = one.split(' ') as [string, string];
      return this.#first(wave, name, this.#paired.get(one) ?? 0);
    });
    if (people.length === 0) return;
    const weights = this.#weights(people);
    const isShown = drivers.pairs.some(({ state }) => state === 'published');
    this.#pairs.set(`${study} ${weights.join('')}`, { people: weights, counts: pairs.counts, isShown });
  }

  /** Tables and files of the series tell of the same people as the files of each study. */
  async compareFiles(): Promise<void> {
    const { exports, series } = this.#options;
    for (const study of this.#studies) {
      const rows = readTable(await exports.take({ kind: 'study', id: study, format: 'csv' }, { type: 'public' }));
      for (const row of rows) this.#compare(study, row);
      const paired = [...this.#paired].filter(([key]) => key.startsWith(`${study} `));
      const total = paired.reduce((sum, [, people]) => sum + people, 0);
      for (const row of readTable(
        await exports.take({ kind: 'drivers', id: study, format: 'csv' }, { type: 'public' }),
      )) {
        expectEqual(Number(row['respondents'] || total), total, `${study} drivers`);
      }
    }
    if (series === null) return;
    for (const row of readTable(
      await exports.take({ kind: 'series', id: series, format: 'csv' }, { type: 'public' }),
    )) {
      this.#compare(row['study']!, row);
    }
    const { results } = await this.#json<SeriesExport>({ kind: 'series', id: series });
    for (const { group, waves } of results.questions.flatMap(({ groups }) => groups)) {
      for (const { study, question, cell } of waves) {
        const respondents = cell.state === 'published' ? cell.respondents : 0;
        expectEqual(respondents, this.#respondents.get(JSON.stringify([study, question, group])), `series ${study}`);
      }
    }
  }

  #compare(study: string, { question, group, respondents }: Record<string, string>): void {
    const known = this.#respondents.get(JSON.stringify([study, question, group === '' ? null : group]));
    expectEqual(Number(respondents), known, `table of ${study}`);
  }

  /** Those of a group who are published, by how many they are. */
  #first(study: string, group: string, respondents: number): number[] {
    const present = this.#present.get(`${study} ${group}`) ?? [];
    if (present.length < respondents) throw new Error(`${study}: more of ${group} are published than came`);
    return present.slice(0, respondents);
  }

  #weights(people: readonly number[]): Uint8Array {
    const weights = new Uint8Array(this.#options.people);
    for (const person of people) weights[person] = 1;
    return weights;
  }

  async #json<File>(request: Omit<ExportRequest, 'format'>): Promise<File> {
    return JSON.parse(await this.#options.exports.take({ ...request, format: 'json' }, { type: 'public' })) as File;
  }
}

/** Rows by the names of their columns; no text of the attacked studies has a comma or a quote. */
function readTable(text: string): Record<string, string>[] {
  const [header, ...rows] = text.trim().split('\r\n');
  const names = header!.split(',');
  return rows.map((row) => Object.fromEntries(row.split(',').map((cell, column) => [names[column], cell])));
}

function expectEqual(found: number, expected: number | undefined, of: string): void {
  if (found !== expected) throw new Error(`${of}: ${found} respondents are told, ${expected} are known`);
}
