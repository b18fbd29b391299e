import { type Question, questionIdentity } from '@chorale/protocol';
import { DifferenceGuard } from './difference-guard.ts';
import { StudyTally } from './study-tally.ts';
import type { SurveyStudy } from './study-registry.ts';

/**
 * The reports of all waves of a series, counted in the one order in which they came. Which blocks are published follows
 * from that order alone, so it is the same on every node and after every restart. [E5]
 */
export class SeriesTally {
  readonly #waves = new Map<string, StudyTally>();
  readonly #guards = new Map<string, DifferenceGuard>();

  /** The counts of one wave; of one without reports, too. */
  wave(study: SurveyStudy): StudyTally {
    const { id } = study.manifest;
    let tally = this.#waves.get(id);
    if (tally === undefined) {
      tally = new StudyTally({ ...study, guardOf: (question) => this.#guardOf(question) });
      this.#waves.set(id, tally);
    }
    return tally;
  }

  /** Letters can be compared where the question is the same, whatever its channel: that is on the safe side. */
  #guardOf(question: Question): DifferenceGuard {
    const identity = JSON.stringify(questionIdentity(question));
    const known = this.#guards.get(identity);
    if (known !== undefined) return known;
    const guard = new DifferenceGuard();
    this.#guards.set(identity, guard);
    return guard;
  }
}
