import type { Feature, Label, TrainingTask } from '@chorale/protocol';
import { normalizeName } from '@chorale/sdk';

/** Where one input of the study is found in a file. */
export type ColumnMatch = {
  /** The study's name for it. */
  wanted: string;
  /** What the study expects there, in words. */
  expects: string;
  /** The file's column; undefined when none has the name, or several do. */
  found: string | undefined;
  role: 'feature' | 'label' | 'employee';
};

/** The study's features, label and employee column, each with the file's column of that name or the one chosen for it. */
export function columnMatches(
  task: TrainingTask,
  columns: readonly string[],
  chosen: Readonly<Record<string, string>>,
): ColumnMatch[] {
  const find = (wanted: string): string | undefined => {
    const source = chosen[wanted] ?? wanted;
    if (columns.includes(source)) return source;
    const alike = columns.filter((column) => normalizeName(column) === normalizeName(source));
    return alike.length === 1 ? alike[0] : undefined;
  };
  const { employeeColumn } = task;
  return [
    ...task.features.map((feature): ColumnMatch => ({
      wanted: feature.column,
      expects: expectation(feature),
      found: find(feature.column),
      role: 'feature',
    })),
    { wanted: task.label.column, expects: labelExpectation(task.label), found: find(task.label.column), role: 'label' },
    ...(employeeColumn === undefined
      ? []
      : [
          {
            wanted: employeeColumn,
            expects: 'who it is, so that rows of one employee are kept together',
            found: find(employeeColumn),
            role: 'employee' as const,
          },
        ]),
  ];
}

function labelExpectation(label: Label): string {
  switch (label.type) {
    case undefined:
    case 'binary':
      return `${label.positive} or ${label.negative}`;
    case 'category':
      return `one of: ${label.categories.join(', ')}`;
    case 'number':
      return `number, ${label.minimum.toLocaleString('en')} to ${label.maximum.toLocaleString('en')}`;
  }
}

function expectation(feature: Feature): string {
  const ending = feature.missing === undefined ? '' : '; may be empty';
  switch (feature.type) {
    case 'number':
      return `number, ${feature.minimum.toLocaleString('en')} to ${feature.maximum.toLocaleString('en')}${ending}`;
    case 'ordinal':
      return `in order: ${feature.levels.join(', ')}${ending}`;
    case 'category':
      return `one of: ${[...feature.categories, ...(feature.other ? ['any other'] : [])].join(', ')}${ending}`;
  }
}
