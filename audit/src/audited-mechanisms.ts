import {
  discreteLaplace,
  type FrequencyMechanism,
  localHashing,
  loloha,
  longitudinalRandomizedResponse,
  numericMean,
  randomizedResponse,
  squareWave,
  subsetSelection,
  unaryEncoding,
} from '@chorale/privacy';
import { fractionOfDouble } from '@chorale/privacy/numerics';
import { candidateScores, privUnit } from '@chorale/privacy/updates';
import type { IntegerChannel } from './exact-audit.ts';
import type { AuditedMechanism } from './report-counts.ts';

/** What is audited under a name. */
export interface AuditSubject extends AuditedMechanism<number, unknown> {
  /** The name in full. */
  readonly mechanism: string;
  /** What the mechanism says of itself. */
  readonly realizedEpsilon: number;
  /** Where all reports can be listed: the whole channel. */
  readonly channel: IntegerChannel | null;
}

interface Parameters {
  /** Letters, where the mechanism has them, or the dimension of its vectors. */
  readonly options: number;
  readonly epsilon: number;
}

/**
 * A mechanism that ships, ready to be audited: its inputs are a few that lie far apart, and its reports are reduced to
 * what tells two inputs apart best.
 *
 * @param name as in `auditedNames`, or as the field's papers call it
 * @param options how many letters there are, or the dimension for `privunit2`; not needed for means and integers
 * @param epsilon claimed, as the mechanism takes it
 * @throws {RangeError} for an unknown name, options that are missing, the name of one numeric mean where epsilon makes
 *   it the other, and for what the mechanism refuses
 */
export function auditedMechanism({
  name,
  options,
  epsilon,
}: {
  name: string;
  options?: number | undefined;
  epsilon: number;
}): AuditSubject {
  const made = subjects[subjectName(name)]!({
    epsilon,
    get options() {
      if (options === undefined) throw new RangeError(`options must be given for ${name}, got ${options}`);
      return options;
    },
  });
  const plain = plainName(name);
  if (/^(duchi|hybrid)/.test(plain) && !made.mechanism.startsWith(plain)) {
    throw new RangeError(`mechanism must be ${made.mechanism} for this epsilon, got ${name}`);
  }
  return made;
}

/**
 * Whether a mechanism has `options` at all; those of any other are ignored.
 *
 * @throws {RangeError} for an unknown name
 */
export function auditTakesOptions(name: string): boolean {
  return !['numeric-mean', 'discrete-laplace'].includes(subjectName(name));
}

function plainName(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

function subjectName(name: string): string {
  const plain = plainName(name);
  const found = Object.hasOwn(otherNames, plain) ? otherNames[plain]! : plain;
  if (!Object.hasOwn(subjects, found)) {
    throw new RangeError(`mechanism must be one of ${auditedNames.join(', ')}, got ${name}`);
  }
  return found;
}

const otherNames: Readonly<Record<string, string>> = {
  grr: 'randomized-response',
  krr: 'randomized-response',
  warner: 'randomized-response',
  ss: 'subset-selection',
  oue: 'optimized-unary-encoding',
  olh: 'optimal-local-hashing',
  // Which of the two it is depends on epsilon.
  duchi: 'numeric-mean',
  'duchi-with-no-answer': 'numeric-mean',
  hybrid: 'numeric-mean',
  'hybrid-with-no-answer': 'numeric-mean',
  sw: 'square-wave',
  'l-grr': 'longitudinal-randomized-response',
  lgrr: 'longitudinal-randomized-response',
  privunit: 'privunit2',
  laplace: 'discrete-laplace',
};

const subjects: Readonly<Record<string, (parameters: Parameters) => AuditSubject>> = {
  'randomized-response': (parameters) => {
    const channel = randomizedResponse(parameters);
    return frequencySubject(channel, channel);
  },

  'subset-selection': (parameters) => {
    const channel = subsetSelection(parameters);
    return frequencySubject(channel, channel);
  },

  'optimized-unary-encoding': (parameters) => frequencySubject(unaryEncoding(parameters), null),

  'optimal-local-hashing': (parameters) => frequencySubject(localHashing(parameters), null),

  'numeric-mean': ({ epsilon }) => {
    const channel = numericMean({ epsilon });
    return subject([null, -1, 0, 1], {
      mechanism: channel.mechanism,
      realizedEpsilon: channel.realizedEpsilon,
      channel,
      privatize: (value, random) => channel.privatize(channel.encode(value, random), random),
    });
  },

  'square-wave': ({ options, epsilon }) => {
    const channel = squareWave({ answers: options, epsilon, noAnswer: true });
    return subject(spread(channel.inputs), {
      ...channel,
      channel,
      privatize: (input, random) => channel.privatize(input, random),
    });
  },

  // Whoever sees many reports of one answer knows its permanent letter: it is what must not tell too much.
  'longitudinal-randomized-response': ({ options, epsilon }) => {
    const steps = longitudinalRandomizedResponse({ options, epsilon, firstReportEpsilon: epsilon / 2 });
    return subject(spread(options), {
      ...steps,
      channel: steps.permanent,
      privatize: (answer, random) => {
        const letter = steps.permanent.privatize(answer, random);
        return commonest(repeatedReports, () => steps.report(letter, random));
      },
    });
  },

  loloha: ({ options, epsilon }) => {
    const steps = loloha({ options, epsilon, firstReportEpsilon: epsilon / 2 });
    return subject(spread(options), {
      ...steps,
      channel: steps.permanent,
      privatize: (answer, random) => {
        const seed = steps.drawSeed(random);
        const letter = steps.permanent.privatize(steps.hash(seed, answer), random);
        return { seed, value: commonest(repeatedReports, () => steps.report(letter, random)) };
      },
      project: supportOfPair(steps),
    });
  },

  // The ends of a range 1 wide, in which it is also the sensitivity.
  'discrete-laplace': ({ epsilon }) => {
    const [numerator, denominator] = fractionOfDouble(epsilon);
    const scale = [denominator, numerator] as const;
    return subject([0, 1], {
      mechanism: 'discrete-laplace',
      realizedEpsilon: epsilon,
      channel: null,
      privatize: (value, random) => value + discreteLaplace({ scale }, random),
    });
  },

  privunit2: ({ options, epsilon }) => {
    const mechanism = privUnit({ dimension: options, epsilon, clippingNorm: 1, candidates: auditedCandidates });
    const direction = (first: number): number[] => Array.from({ length: options }, (_, i) => (i === 0 ? first : 0));
    return subject([direction(1), direction(-1)], {
      ...mechanism,
      channel: null,
      privatize: (vector, random) => mechanism.privatize(vector, random),
      // Whether the report lies in the cap of either vector.
      project: ({ seed, index }, [first]) => {
        const scores = candidateScores(Float64Array.of(...first, 0), {
          seed,
          length: options + 1,
          normalized: true,
          candidates: mechanism.candidates,
        });
        // A lower index wins among equals; for the opposite vector all scores change their sign.
        const above = scores.filter(
          (score, other) => score > scores[index]! || (score === scores[index] && other < index),
        );
        const below = scores.filter(
          (score, other) => score < scores[index]! || (score === scores[index] && other < index),
        );
        return 2 * Number(above.length < mechanism.capSize) + Number(below.length < mechanism.capSize);
      },
    });
  },
};

/** What can be audited. */
export const auditedNames: readonly string[] = Object.keys(subjects);

// Few, because the time of a draw grows with their square.
const auditedCandidates = 16;
// From so many reports of one letter the letter can be told, but for a part far below e^-epsilon.
const repeatedReports = 32;
const mostInputs = 8;

/** Up to eight of the inputs 0 .. count - 1, both ends among them. */
function spread(count: number): number[] {
  const chosen = Math.min(count, mostInputs);
  return Array.from({ length: chosen }, (_, index) => Math.round((index * (count - 1)) / (chosen - 1)));
}

/** Inputs become the numbers 0, 1, ... of a list, whatever they are. */
function subject<Input, Report>(
  inputs: readonly Input[],
  {
    mechanism,
    realizedEpsilon,
    channel,
    privatize,
    project,
  }: Omit<AuditedMechanism<Input, Report>, 'inputs'> & Pick<AuditSubject, 'mechanism' | 'realizedEpsilon' | 'channel'>,
): AuditSubject {
  return {
    mechanism,
    realizedEpsilon,
    channel,
    inputs: [...inputs.keys()],
    privatize: (index, random) => privatize(inputs[index]!, random),
    project: project && ((report, [first, second]) => project(report as Report, [inputs[first]!, inputs[second]!])),
  };
}

function frequencySubject<Report>(mechanism: FrequencyMechanism<Report>, channel: IntegerChannel | null): AuditSubject {
  return subject(spread(mechanism.options), {
    ...mechanism,
    channel,
    privatize: (letter, random) => mechanism.privatize(letter, random),
    project: supportOfPair(mechanism),
  });
}

/** Which of the two letters a report supports. */
function supportOfPair<Report>({
  options,
  addSupport,
}: Pick<FrequencyMechanism<Report>, 'options' | 'addSupport'>): (
  report: Report,
  pair: readonly [number, number],
) => number {
  const counts = new Float64Array(options);
  let counted: Report | undefined;
  return (report, [first, second]) => {
    // One report is asked about for many pairs in a row.
    if (report !== counted) {
      counts.fill(0);
      addSupport(report, counts);
      counted = report;
    }
    return 2 * counts[first]! + counts[second]!;
  };
}

function commonest(draws: number, draw: () => number): number {
  const counts = new Map<number, number>();
  let best = 0;
  for (let made = 0; made < draws; made += 1) {
    const value = draw();
    const count = (counts.get(value) ?? 0) + 1;
    counts.set(value, count);
    if (count > (counts.get(best) ?? 0)) best = value;
  }
  return best;
}
