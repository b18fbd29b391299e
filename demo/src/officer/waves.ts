import type { Manifest, SeriesSummary } from '@chorale/protocol';
import { lossesOf, type StudyBudget, worstCase } from './budget.ts';

/** A study's place in its series, and what one employee who answers every wave up to it loses at most, added up. */
export type WaveBudget = { series: string; number: number; upToHere: { epsilon: number; delta: number } };

/** By study, the places of waves, in the order of their publication. [E5] */
export function waveBudgets(
  budgets: readonly StudyBudget[],
  series: readonly SeriesSummary[],
): ReadonlyMap<string, WaveBudget> {
  const byStudy = new Map(budgets.map((budget) => [budget.summary.id, budget]));
  const places = series.flatMap(({ series: name, waves }) =>
    waves.map(({ study }, index): [string, WaveBudget] => {
      const answered = waves.slice(0, index + 1).flatMap((wave) => byStudy.get(wave.study) ?? []);
      return [study, { series: name, number: index + 1, upToHere: worstCase(answered) }];
    }),
  );
  return new Map(places);
}

/** Where a draft would be in its series; `null` for one that is no wave. */
export function draftWave(
  draft: Manifest,
  { budgets, series }: { budgets: readonly StudyBudget[]; series: readonly SeriesSummary[] },
): WaveBudget | null {
  const { series: name } = draft;
  if (name === undefined) return null;
  const before = new Set(series.find((one) => one.series === name)?.waves.map(({ study }) => study));
  const answered = budgets.filter(({ summary }) => before.has(summary.id));
  return { series: name, number: before.size + 1, upToHere: worstCase([...answered, lossesOf(draft)]) };
}

/** Studies that a draft may be compared with: the waves before it, the latest first, then those of the most alike ids. */
export function comparable(
  draft: Manifest,
  { manifests, series }: { manifests: readonly Manifest[]; series: readonly SeriesSummary[] },
): Manifest[] {
  const order = series.find((one) => one.series === draft.series)?.waves.map(({ study }) => study) ?? [];
  // Those that are no wave of this series have no place in it: -1.
  const place = ({ id }: Manifest): number => order.indexOf(id);
  return manifests.toSorted((a, b) => place(b) - place(a) || alike(b.id, draft.id) - alike(a.id, draft.id));
}

/** The study to compare with unless somebody chooses: the wave before, or one with nearly the same id. */
export function likeliest(draft: Manifest, sorted: readonly Manifest[]): string | null {
  const [first] = sorted;
  if (first === undefined) return null;
  const isWave = draft.series !== undefined && first.series === draft.series;
  return isWave || alike(first.id, draft.id) >= 4 ? first.id : null;
}

/** How many characters two ids begin with in common. */
function alike(a: string, b: string): number {
  const differs = [...a].findIndex((character, at) => character !== b[at]);
  return differs === -1 ? a.length : differs;
}
