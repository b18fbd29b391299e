import { type Answers, type Manifest, parseManifest } from '@chorale/protocol';

/** A study with one question of each kind; every device draws all of them at this epsilon. */
export function pulseManifest(changes: { id?: string; title?: string; epsilon?: number } = {}): Manifest {
  const { id = 'pulse', title = 'Pulse', epsilon = 12.5 } = changes;
  return parseManifest({
    protocol: 1,
    id,
    title,
    simulated: true,
    groups: { attribute: 'team', label: 'Team', values: [{ id: 'blue', label: 'Blue' }] },
    publishing: { minimumGroupSize: 3, maximumMargin: 0.5 },
    survey: {
      epsilon,
      questions: [
        {
          type: 'scale',
          id: 'stay',
          text: 'I stay',
          minimum: 1,
          maximum: 5,
          maximumLabel: 'Agree',
          report: 'favourable',
          favourableFrom: 4,
        },
        { type: 'yesno', id: 'rest', text: 'I rest', report: 'favourable' },
        {
          type: 'choice',
          id: 'place',
          text: 'I work',
          options: [
            { id: 'home', label: 'At home' },
            { id: 'office', label: 'In the office' },
          ],
          report: 'distribution',
        },
        { type: 'scale', id: 'praise', text: 'I recommend', minimum: 0, maximum: 10, report: 'enps' },
        { type: 'number', id: 'salary', text: 'I earn', minimum: 0, maximum: 100_000, unit: 'EUR', report: 'mean' },
      ],
    },
  });
}

/** Answers to all of its questions. */
export const pulseAnswers: Answers = { stay: 5, rest: false, place: 'office', praise: null, salary: 51_000 };
