import { parseName } from './command-errors.ts';

// As the field's papers and tools call them.
const shortNames: ReadonlyMap<string, string> = new Map([
  ['grr', 'randomized-response'],
  ['krr', 'randomized-response'],
  ['warner', 'randomized-response'],
  ['ss', 'subset-selection'],
  ['oue', 'optimized-unary-encoding'],
  ['olh', 'optimal-local-hashing'],
  ['duchi', 'duchi-with-no-answer'],
  ['hybrid', 'hybrid-with-no-answer'],
]);

/** The name in full of a survey mechanism; what is not a short name is taken for one. */
export function parseMechanism(text: string): string {
  const name = parseName(text);
  return shortNames.get(name) ?? name;
}
