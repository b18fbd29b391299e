import { expect, it } from 'vitest';
import { parseMechanism } from './mechanism-name.ts';

it.each([
  ['randomized-response', ['randomized-response', 'RANDOMIZED_RESPONSE', 'grr', 'KRR', 'warner']],
  ['subset-selection', ['subset-selection', 'Subset_Selection', 'ss']],
  ['optimized-unary-encoding', ['optimized-unary-encoding', 'oue']],
  ['optimal-local-hashing', ['optimal_local_hashing', 'OLH']],
  ['hybrid-with-no-answer', ['hybrid', 'HYBRID_with_no_answer']],
  ['duchi-with-no-answer', ['duchi']],
  ['snapping', ['Snapping']],
  ['constructor', ['constructor']],
])('%s is read from its name or a short one', (name, texts) => {
  for (const text of texts) expect(parseMechanism(text)).toBe(name);
});
