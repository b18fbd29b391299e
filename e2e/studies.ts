import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Manifest, parseManifest, PROTOCOL_VERSION } from '@chorale/protocol';

/** One yes/no question at a high epsilon, two groups, a minimum of four: small enough to answer by hand. */
export function oneQuestionStudy(change: Partial<Manifest> = {}): Manifest {
  return parseManifest({
    protocol: PROTOCOL_VERSION,
    id: 'one-question',
    title: 'One question',
    simulated: false,
    groups: {
      attribute: 'department',
      label: 'Department',
      values: [
        { id: 'sales', label: 'Sales' },
        { id: 'legal', label: 'Legal' },
      ],
    },
    publishing: { minimumGroupSize: 4, maximumMargin: 0.5 },
    survey: {
      epsilon: 6,
      questions: [{ type: 'yesno', id: 'leave', text: 'Do you mean to leave within a year?', report: 'favourable' }],
    },
    ...change,
  });
}

/** A study of the demo, with some of its fields replaced. */
export function demoStudy(
  name:
    | 'pulse-demo'
    | 'engagement'
    | `brightwater-${1 | 2 | 3 | 4}`
    | 'attrition'
    | 'attrition-open'
    | 'attrition-one-shot',
  change: Partial<Manifest> = {},
): Manifest {
  const folder = name.startsWith('attrition-') ? 'more-studies' : 'studies';
  const file = resolve(import.meta.dirname, '..', 'demo', folder, `${name}.json`);
  return parseManifest({ ...JSON.parse(readFileSync(file, 'utf8')), ...change });
}
