import { setImmediate as turn } from 'node:timers/promises';
import type { StudyDrivers } from '@chorale/protocol';
import { type JudgedPair, judgePair, studyDrivers } from './drivers.ts';
import type { ResultsService } from './results-service.ts';
import type { SurveyStudy } from './study-registry.ts';
import type { PublishedPairs } from './study-tally.ts';

/** What is published of a study's pairs never changes, so how many people it is of says which it is. */
type Moment = { key: string; judged: readonly JudgedPair[] };

/** How answers move together, of all studies; worked out again only when a block was published. */
export class DriversService {
  readonly #results: ResultsService;
  readonly #latest = new Map<string, Moment>();

  constructor({ results }: { results: ResultsService }) {
    this.#results = results;
  }

  /** @throws ChoraleError `STUDY_UNKNOWN`, also for a study without a survey. */
  async of(id: string): Promise<StudyDrivers> {
    return (await this.withStudy(id)).drivers;
  }

  /** The same, with the study that it is of. */
  async withStudy(id: string): Promise<{ study: SurveyStudy; drivers: StudyDrivers }> {
    const { study, pairs } = await this.#results.withStudy(id);
    const judged = pairs === null ? [] : await this.#judge(study, pairs);
    return { study, drivers: studyDrivers(study, pairs, judged) };
  }

  async #judge(study: SurveyStudy, pairs: PublishedPairs): Promise<readonly JudgedPair[]> {
    const { id } = study.manifest;
    const key = JSON.stringify([pairs.respondents, pairs.heldBack]);
    const latest = this.#latest.get(id);
    if (latest?.key === key) return latest.judged;
    const judged: JudgedPair[] = [];
    for (const pair of pairs.counts) {
      // Questions with many letters take a while: others get their turn in between.
      await turn();
      judged.push(judgePair(study, pairs, pair));
    }
    this.#latest.set(id, { key, judged });
    return judged;
  }
}
