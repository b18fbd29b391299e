import type { DriverPair, DriverQuestion, StudyDrivers } from '@chorale/protocol';

export type AvailableDrivers = StudyDrivers & { state: 'available' };

/** A question and how its answers move together with those to the outcome. */
export type DriverRow = { question: DriverQuestion; pair: DriverPair };

/** The question that is asked what moves with it: the one that was chosen, or an eNPS, or the first. */
export function outcomeOf({ questions }: AvailableDrivers, chosen: string | null): DriverQuestion {
  return (
    questions.find(({ question }) => question === chosen) ??
    questions.find(({ report }) => report === 'enps') ??
    questions[0]!
  );
}

/** All questions but the outcome, from what moves with it most to what moves against it; those without a number last. */
export function driverRows({ questions, pairs }: AvailableDrivers, outcome: string): DriverRow[] {
  const rows = questions.flatMap((question): DriverRow[] => {
    const pair = pairs.find(
      ({ questions: both }) =>
        question.question !== outcome && both.includes(question.question) && both.includes(outcome),
    );
    return pair === undefined ? [] : [{ question, pair }];
  });
  const order = ({ pair }: DriverRow): number => (pair.state === 'published' ? pair.correlation : -Infinity);
  return rows.toSorted((a, b) => {
    const [one, other] = [order(a), order(b)];
    return one === other ? 0 : other - one;
  });
}
