/** How far a group is from all together, in steps: negative is below, 0 is about the same. */
export type Tone = -3 | -2 | -1 | 0 | 1 | 2 | 3;

/** Where a step ends, as shares of the question's scale: in these, questions of all kinds can share their colours. */
const ends = [0.03, 0.08, 0.15] as const;

/** @param scale distance from the question's lowest to its highest value, > 0 */
export function toneOf(value: number, { whole, scale }: { whole: number; scale: number }): Tone {
  const distance = (value - whole) / scale;
  const steps = ends.filter((end) => Math.abs(distance) > end).length;
  // `-0` would be a tone of its own name.
  return steps === 0 ? 0 : ((distance < 0 ? -steps : steps) as Tone);
}

/** All tones with what they mean, from the lowest. */
export const toneWords: readonly { tone: Tone; words: string }[] = [
  { tone: -3, words: `more than ${percent(ends[2])} below` },
  { tone: -2, words: `${percent(ends[1])} to ${percent(ends[2])} below` },
  { tone: -1, words: `${percent(ends[0])} to ${percent(ends[1])} below` },
  { tone: 0, words: `within ${percent(ends[0])}` },
  { tone: 1, words: `${percent(ends[0])} to ${percent(ends[1])} above` },
  { tone: 2, words: `${percent(ends[1])} to ${percent(ends[2])} above` },
  { tone: 3, words: `more than ${percent(ends[2])} above` },
];

function percent(share: number): string {
  return `${Math.round(100 * share)}%`;
}
