import { type Benchmark, benchmarksFit, type Manifest, PROTOCOL_VERSION, type Question } from '@chorale/protocol';

/** One group as it is designed; its head count is for the forecast, and in the manifest where the form says so. */
export type GroupRow = { id: string; label: string; headcount: number };

/** A study while it is designed: fields may be empty, numbers not numbers yet. */
export type StudyForm = {
  id: string;
  title: string;
  description: string;
  simulated: boolean;
  groups: {
    attribute: string;
    label: string;
    rows: GroupRow[];
    /** Whether the manifest says how many people each group has, so that results tell how many took part. */
    tellsHeadcounts: boolean;
  };
  /** Share of the people who are expected to answer, in (0, 1]. */
  responseRate: number;
  minimumGroupSize: number;
  maximumMargin: number;
  epsilon: number;
  /** Days that reports are kept after the end; `NaN` until somebody deletes them. */
  reportDays: number;
  questions: Question[];
  /** Those of an imported manifest; one that fits no question any more goes with it. */
  benchmarks: readonly Benchmark[];
  /** What an imported manifest has beyond that, such as a training task: kept as it is. */
  rest: Record<string, unknown>;
};

/** Where a new study starts: everything but its words has a value that works. */
export function emptyStudy(): StudyForm {
  return {
    id: '',
    title: '',
    description: '',
    simulated: false,
    groups: {
      attribute: 'department',
      label: 'Department',
      rows: [
        { id: 'sales', label: 'Sales', headcount: 400 },
        { id: 'engineering', label: 'Engineering', headcount: 400 },
        { id: 'operations', label: 'Operations', headcount: 400 },
      ],
      tellsHeadcounts: false,
    },
    responseRate: 0.7,
    minimumGroupSize: 10,
    maximumMargin: 0.25,
    epsilon: 4,
    reportDays: Number.NaN,
    questions: [emptyQuestion([])],
    benchmarks: [],
    rest: {},
  };
}

/** A question of the most common kind, with an id that no other has. */
export function emptyQuestion(others: readonly Question[]): Question {
  const ids = new Set(others.map(({ id }) => id));
  let number = others.length + 1;
  while (ids.has(`question-${number}`)) number += 1;
  return {
    type: 'scale',
    id: `question-${number}`,
    text: '',
    minimum: 1,
    maximum: 5,
    minimumLabel: 'Strongly disagree',
    maximumLabel: 'Strongly agree',
    report: 'favourable',
    favourableFrom: 4,
  };
}

/** The manifest that the form describes; it may break rules as long as it is being typed. */
export function toManifest(form: StudyForm): unknown {
  const { id, title, description, simulated, groups, minimumGroupSize, maximumMargin, epsilon, questions, rest } = form;
  const { reportDays } = form;
  const benchmarks = form.benchmarks.filter((one) => benchmarksFit({ questions, benchmarks: [one] }));
  return {
    ...rest,
    protocol: PROTOCOL_VERSION,
    id: id === '' ? identifierOf(title) : id,
    title,
    ...(description === '' ? {} : { description }),
    simulated,
    groups: {
      attribute: groups.attribute,
      label: groups.label,
      values: groups.rows.map(({ id: group, label, headcount }) => ({
        id: group === '' ? identifierOf(label) : group,
        label,
        ...(groups.tellsHeadcounts ? { headcount } : {}),
      })),
    },
    publishing: { minimumGroupSize, maximumMargin },
    ...(Number.isNaN(reportDays) ? {} : { retention: { reportDays } }),
    // A study that only trains asks nothing.
    ...(questions.length === 0 && 'training' in rest
      ? {}
      : { survey: { epsilon, questions, ...(benchmarks.length === 0 ? {} : { benchmarks }) } }),
  };
}

/** The form of a manifest; head counts that it does not tell are those of the form before, where a group has the same id. */
export function fromManifest(manifest: Manifest, before: StudyForm): StudyForm {
  const {
    protocol: _protocol,
    id,
    title,
    description = '',
    simulated,
    groups,
    publishing,
    survey,
    retention,
    ...rest
  } = manifest;
  const headcounts = new Map(before.groups.rows.map((row) => [row.id, row.headcount]));
  return {
    id,
    title,
    description,
    simulated,
    groups: {
      attribute: groups.attribute,
      label: groups.label,
      rows: groups.values.map((group) => ({
        ...group,
        headcount: group.headcount ?? headcounts.get(group.id) ?? 100,
      })),
      tellsHeadcounts: groups.values.every(({ headcount }) => headcount !== undefined),
    },
    responseRate: before.responseRate,
    ...publishing,
    epsilon: survey?.epsilon ?? before.epsilon,
    reportDays: retention?.reportDays ?? Number.NaN,
    questions: survey?.questions ?? [],
    benchmarks: survey?.benchmarks ?? [],
    rest,
  };
}

/** An identifier made of a text: `pulse-autumn-2026` of "Pulse, autumn 2026". */
export function identifierOf(text: string): string {
  const plain = text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
  return plain
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 64)
    .replace(/-+$/, '');
}
