import type { DriverPair, DriversExport, StudyDrivers } from '@chorale/protocol';
import { type Row, stampColumns, stampOf, table } from './result-export.ts';
import type { SurveyStudy } from './study-registry.ts';

/** How answers move together, as a file. The same answers give the same numbers, whenever they are exported. [E9] */
export function driversExport(study: SurveyStudy, drivers: StudyDrivers, exportedAt: string): DriversExport {
  return { format: 'chorale-drivers', stamp: stampOf(study, exportedAt), drivers };
}

/** One row a pair of questions, in both orders, so that a spreadsheet can pick any outcome; one that says why there is none. */
export function driversCsv({ stamp, drivers }: DriversExport): string {
  const columns = stampColumns(stamp);
  if (drivers.state === 'unavailable') return table([{ ...columns, ...pairColumns(null), state: drivers.reason }]);
  const texts = new Map(drivers.questions.map(({ question, text }) => [question, text]));
  return table(
    drivers.pairs.flatMap((pair) =>
      [pair.questions, pair.questions.toReversed()].map(([outcome, question]) => ({
        ...columns,
        ...pairColumns(pair),
        outcome: outcome!,
        outcome_text: texts.get(outcome!) ?? null,
        question: question!,
        text: texts.get(question!) ?? null,
        respondents: pair.state === 'published' ? drivers.respondents : null,
      })),
    ),
  );
}

function pairColumns(pair: DriverPair | null): Row {
  const shown = pair?.state === 'published' ? pair : null;
  return {
    outcome: null,
    outcome_text: null,
    question: null,
    text: null,
    state: pair?.state === 'suppressed' ? pair.reason : 'published',
    respondents: null,
    correlation: shown?.correlation ?? null,
    lower: shown?.lower ?? null,
    upper: shown?.upper ?? null,
    p_value: shown?.pValue ?? null,
    adjusted_p_value: shown?.adjustedPValue ?? null,
    significant: shown?.significant ?? null,
  };
}
