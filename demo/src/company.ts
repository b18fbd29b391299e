import type { Answer, Manifest, Question } from '@chorale/protocol';

/** What one simulated employee may answer, with exact probabilities that sum to 1. */
export type AnswerDistribution = readonly { answer: Exclude<Answer, null>; probability: number }[];

/**
 * The simulated company. Its employees' true answers are public, so that anybody, tests included, can
 * check the intervals on the results page against the truth. Departments are by id of the group; a
 * group that is not listed here is an average one.
 */
type Department = {
  /** Share of the company's employees, relative to the others. */
  headcount: number;
  /** Lean of each question's answers towards its upper end, in (0, 1). */
  lean: Readonly<Record<string, number>>;
  /** Relative wish for each of the options of a choice. */
  wishes: Readonly<Record<string, number>>;
  /** Monthly salary, median. */
  salary: number;
};

const average: Department = {
  headcount: 8,
  lean: { recommend: 0.72, workload: 0.6, feedback: 0.62, 'speak-up': 0.62, wellbeing: 0.6, leaving: 0.22 },
  wishes: { pay: 30, hours: 20, growth: 20, tools: 15, goals: 15 },
  salary: 3600,
};

const departments: Readonly<Record<string, Department>> = {
  sales: {
    headcount: 15,
    lean: { recommend: 0.75, workload: 0.56, feedback: 0.66, 'speak-up': 0.6, wellbeing: 0.62, leaving: 0.27 },
    wishes: { pay: 42, hours: 14, growth: 22, tools: 10, goals: 12 },
    salary: 3900,
  },
  engineering: {
    headcount: 18,
    lean: { recommend: 0.81, workload: 0.66, feedback: 0.58, 'speak-up': 0.75, wellbeing: 0.68, leaving: 0.18 },
    wishes: { pay: 18, hours: 16, growth: 26, tools: 26, goals: 14 },
    salary: 5200,
  },
  support: {
    headcount: 14,
    lean: { recommend: 0.58, workload: 0.38, feedback: 0.6, 'speak-up': 0.5, wellbeing: 0.44, leaving: 0.41 },
    wishes: { pay: 34, hours: 28, growth: 18, tools: 16, goals: 4 },
    salary: 2700,
  },
  operations: {
    headcount: 12,
    lean: { recommend: 0.68, workload: 0.5, feedback: 0.55, 'speak-up': 0.54, wellbeing: 0.55, leaving: 0.24 },
    wishes: { pay: 30, hours: 22, growth: 12, tools: 22, goals: 14 },
    salary: 3200,
  },
  logistics: {
    headcount: 13,
    lean: { recommend: 0.6, workload: 0.44, feedback: 0.48, 'speak-up': 0.45, wellbeing: 0.5, leaving: 0.33 },
    wishes: { pay: 46, hours: 26, growth: 10, tools: 12, goals: 6 },
    salary: 2600,
  },
  marketing: {
    headcount: 7,
    lean: { recommend: 0.76, workload: 0.54, feedback: 0.7, 'speak-up': 0.68, wellbeing: 0.64, leaving: 0.25 },
    wishes: { pay: 22, hours: 18, growth: 26, tools: 10, goals: 24 },
    salary: 3700,
  },
  finance: {
    headcount: 6,
    lean: { recommend: 0.7, workload: 0.48, feedback: 0.64, 'speak-up': 0.58, wellbeing: 0.58, leaving: 0.2 },
    wishes: { pay: 26, hours: 24, growth: 22, tools: 18, goals: 10 },
    salary: 4300,
  },
  product: {
    headcount: 6,
    lean: { recommend: 0.79, workload: 0.46, feedback: 0.72, 'speak-up': 0.72, wellbeing: 0.6, leaving: 0.21 },
    wishes: { pay: 16, hours: 14, growth: 24, tools: 16, goals: 30 },
    salary: 5000,
  },
  people: {
    headcount: 5,
    lean: { recommend: 0.8, workload: 0.58, feedback: 0.76, 'speak-up': 0.7, wellbeing: 0.66, leaving: 0.15 },
    wishes: { pay: 24, hours: 20, growth: 24, tools: 14, goals: 18 },
    salary: 3800,
  },
  legal: {
    headcount: 4,
    lean: { recommend: 0.74, workload: 0.42, feedback: 0.62, 'speak-up': 0.66, wellbeing: 0.56, leaving: 0.19 },
    wishes: { pay: 20, hours: 34, growth: 18, tools: 18, goals: 10 },
    salary: 4900,
  },
};

/**
 * What happened at the company from wave to wave of its series, and how it moved the leans of all later answers. There
 * is something to find in every wave, and something that did not change in any.
 */
const events: readonly { wave: number; groups: readonly string[] | 'all'; shift: Readonly<Record<string, number>> }[] =
  [
    // Support took over the work of a site that was closed.
    { wave: 2, groups: ['support', 'logistics'], shift: { workload: -0.14, leaving: 0.12 } },
    // Managers practised giving feedback.
    { wave: 3, groups: 'all', shift: { feedback: 0.14 } },
    // Pay was raised; support got new colleagues.
    { wave: 4, groups: 'all', shift: { recommend: 0.07 } },
    { wave: 4, groups: ['support', 'logistics'], shift: { workload: 0.12, leaving: -0.08 } },
  ];

/** Shares of employees who leave a question empty: money and plans to leave are the delicate ones. */
const skips: Readonly<Record<string, number>> = { salary: 0.14, leaving: 0.07, 'speak-up': 0.05 };

/**
 * How far the answers of one person follow their mood, in [-1, 1]: who is content recommends the company, and rarely looks
 * for another job. Of two questions whose answers follow it, the answers move together.
 */
const pulls: Readonly<Record<string, number>> = {
  recommend: 0.8,
  workload: 0.3,
  feedback: 0.65,
  'speak-up': 0.55,
  wellbeing: 0.7,
  leaving: -0.6,
};

/** Correlation of somebody's answer with their mood, were both normal; 0 where answers have no order. */
export function moodPull(question: Question): number {
  return pulls[question.id] ?? 0;
}

/** Probability that an employee leaves the question empty, in [0, 1). */
export function skipProbability(question: Question): number {
  return skips[question.id] ?? 0.03;
}

/** How many of the company's employees a group has, relative to the other groups. */
export function headcount(group: string): number {
  return (departments[group] ?? average).headcount;
}

/** Chance that an employee of the group takes part in a wave of the series. */
export function willingness(group: string): number {
  return group === 'logistics' ? 0.56 : group === 'people' ? 0.9 : 0.74;
}

/**
 * True answers of a group's employees who answer the question; where they have an order, from the lowest.
 * @param wave of the company's series, from 1
 */
export function answerDistribution(question: Question, group: string, wave = 1): AnswerDistribution {
  const { lean, wishes, salary } = departments[group] ?? average;
  const tendency = events
    .filter((event) => event.wave <= wave && (event.groups === 'all' || event.groups.includes(group)))
    .reduce((sum, { shift }) => sum + (shift[question.id] ?? 0), lean[question.id] ?? 0.6);
  switch (question.type) {
    case 'scale':
      return scaleDistribution(question.minimum, question.maximum, tendency);
    case 'yesno':
      return [
        { answer: false, probability: 1 - tendency },
        { answer: true, probability: tendency },
      ];
    case 'choice':
      return normalize(question.options.map(({ id }) => ({ answer: id, probability: wishes[id] ?? 1 })));
    case 'number': {
      const median = question.id === 'salary' ? salary : (question.minimum + question.maximum) / 2;
      return amountDistribution(question.minimum, question.maximum, median);
    }
  }
}

/**
 * The exact values behind a question's estimates, by estimate id, for groups pooled in proportion to
 * their respondents. A share is one among those who answer, so a group counts by who answers in it.
 */
export function trueEstimates(
  question: Question,
  groups: readonly { group: string; respondents: number }[],
): Map<string, number> {
  const total = groups.reduce((sum, { respondents }) => sum + respondents, 0);
  const pooled = groups.flatMap(({ group, respondents }) =>
    answerDistribution(question, group).map(({ answer, probability }) => ({
      answer,
      probability: (probability * respondents) / total,
    })),
  );
  const sum = (value: (answer: Exclude<Answer, null>) => number): number =>
    pooled.reduce((acc, { answer, probability }) => acc + value(answer) * probability, 0);

  if (question.type === 'yesno') return new Map([['yes', sum((answer) => Number(answer === true))]]);
  switch (question.report) {
    case 'favourable':
      return new Map([
        ['favourable', sum((answer) => Number(Number(answer) >= (question.favourableFrom ?? Infinity)))],
      ]);
    case 'enps':
      return new Map([['enps', 100 * sum((answer) => Number(Number(answer) >= 9) - Number(Number(answer) <= 6))]]);
    case 'mean':
      return new Map([['mean', sum(Number)]]);
    case 'distribution': {
      const ids = [...new Set(pooled.map(({ answer }) => String(answer)))];
      return new Map(ids.map((id) => [id, sum((answer) => Number(String(answer) === id))]));
    }
  }
}

/** Groups of a study with their shares of its employees. */
export function groupShares(groups: Manifest['groups']): { group: string; probability: number }[] {
  const total = groups.values.reduce((sum, { id }) => sum + headcount(id), 0);
  return groups.values.map(({ id }) => ({ group: id, probability: headcount(id) / total }));
}

/** Most answer near their group's tendency (binomial), one in five anywhere on the scale. */
function scaleDistribution(minimum: number, maximum: number, lean: number): AnswerDistribution {
  const steps = maximum - minimum;
  let binomial = (1 - lean) ** steps;
  return Array.from({ length: steps + 1 }, (_, k) => {
    if (k > 0) binomial *= ((steps - k + 1) / k) * (lean / (1 - lean));
    return { answer: minimum + k, probability: 0.8 * binomial + 0.2 / (steps + 1) };
  });
}

/** Log-normal around the median, in steps of fifty within the bounds, so that its mean is a finite sum. */
function amountDistribution(minimum: number, maximum: number, median: number): AnswerDistribution {
  const step = (maximum - minimum) / Math.max(1, Math.round((maximum - minimum) / 50));
  const count = Math.round((maximum - minimum) / step) + 1;
  const spread = 0.28;
  return normalize(
    Array.from({ length: count }, (_, i) => {
      const answer = minimum + i * step;
      const z = Math.log(Math.max(answer, 1e-9) / median) / spread;
      return { answer, probability: Math.exp((-z * z) / 2) / Math.max(answer, 1e-9) };
    }),
  );
}

function normalize<A>(weights: { answer: A; probability: number }[]): { answer: A; probability: number }[] {
  const total = weights.reduce((sum, { probability }) => sum + probability, 0);
  return weights.map(({ answer, probability }) => ({ answer, probability: probability / total }));
}
