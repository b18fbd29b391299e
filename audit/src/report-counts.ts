import type { RandomSource } from '@chorale/privacy';

/** What a report is reduced to. */
export type Letter = number | string;

/** A mechanism as a black box. */
export interface AuditedMechanism<Input, Report> {
  readonly privatize: (input: Input, random: RandomSource) => Report;
  /** At least two; every one is a neighbour of every other. */
  readonly inputs: readonly Input[];
  /**
   * Post-processing of a report to a small alphabet, for telling these two inputs apart. It may lose information and
   * so only lowers what is found. Without it reports are numbers or strings, and taken as they are.
   */
  readonly project?: ((report: Report, pair: readonly [Input, Input]) => Letter) | undefined;
}

const progressInterval = 2 ** 18;

/** How often each letter was reported under each input, as many draws under each. */
export class ReportCounts<Input, Report> {
  readonly #mechanism: AuditedMechanism<Input, Report>;
  /** By input and, where letters depend on the pair, by the other input; otherwise one for all others. */
  readonly #counts: Map<Letter, number>[][];
  #draws = 0;

  constructor(mechanism: AuditedMechanism<Input, Report>) {
    this.#mechanism = mechanism;
    const { inputs, project } = mechanism;
    this.#counts = inputs.map(() => (project === undefined ? [new Map()] : inputs.map(() => new Map())));
  }

  /** Under each input. */
  get draws(): number {
    return this.#draws;
  }

  /** Counts under the two inputs, of letters made for this pair. */
  of([first, second]: readonly [number, number]): [ReadonlyMap<Letter, number>, ReadonlyMap<Letter, number>] {
    const { project } = this.#mechanism;
    return project === undefined
      ? [this.#counts[first]![0]!, this.#counts[second]![0]!]
      : [this.#counts[first]![second]!, this.#counts[second]![first]!];
  }

  /** @throws {TypeError} for a report that is no number or string, without `project` */
  draw(draws: number, random: RandomSource, onProgress: (made: number) => void): void {
    const { inputs, privatize, project } = this.#mechanism;
    let made = 0;
    for (const [index, input] of inputs.entries()) {
      const counts = this.#counts[index]!;
      for (let draw = 0; draw < draws; draw += 1) {
        const report = privatize(input, random);
        if (project === undefined) {
          if (typeof report !== 'number' && typeof report !== 'string') {
            throw new TypeError(`project must be given where reports are no numbers or strings, got ${typeof report}`);
          }
          increment(counts[0]!, report, 1);
        } else {
          for (const [other, neighbour] of inputs.entries()) {
            if (other === index) continue;
            // The same two inputs in the same order, whichever of them was the true one.
            increment(counts[other]!, project(report, other < index ? [neighbour, input] : [input, neighbour]), 1);
          }
        }
        made += 1;
        if (made % progressInterval === 0) onProgress(made);
      }
    }
    this.#draws += draws;
  }

  add(others: ReportCounts<Input, Report>): void {
    for (const [index, maps] of others.#counts.entries()) {
      for (const [other, map] of maps.entries()) {
        for (const [letter, count] of map) increment(this.#counts[index]![other]!, letter, count);
      }
    }
    this.#draws += others.#draws;
  }
}

function increment(counts: Map<Letter, number>, letter: Letter, by: number): void {
  counts.set(letter, (counts.get(letter) ?? 0) + by);
}
