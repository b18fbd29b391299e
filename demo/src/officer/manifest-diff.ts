/** One line of two texts, and in which of them it is. */
export type DiffLine = { kind: 'same' | 'removed' | 'added'; text: string };

/**
 * The lines of two texts, with as few removed and added as can be: the longest common subsequence. For manifests, which
 * have some hundred lines.
 */
export function diffLines(before: readonly string[], after: readonly string[]): DiffLine[] {
  // longest[i][j] is the length of the longest common subsequence of what is left from i and j on.
  const longest = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      longest[i]![j] =
        before[i] === after[j] ? longest[i + 1]![j + 1]! + 1 : Math.max(longest[i + 1]![j]!, longest[i]![j + 1]!);
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push({ kind: 'same', text: before[i]! });
      i += 1;
      j += 1;
    } else if (j === after.length || (i < before.length && longest[i + 1]![j]! >= longest[i]![j + 1]!)) {
      lines.push({ kind: 'removed', text: before[i]! });
      i += 1;
    } else {
      lines.push({ kind: 'added', text: after[j]! });
      j += 1;
    }
  }
  return lines;
}

/** What changed, with a few lines around each change; gaps say how many lines they leave out. */
export function changesOnly(lines: readonly DiffLine[], around = 2): (DiffLine | { kind: 'gap'; lines: number })[] {
  const isShown = lines.map((_, at) =>
    lines.slice(Math.max(0, at - around), at + around + 1).some(({ kind }) => kind !== 'same'),
  );
  const shown: (DiffLine | { kind: 'gap'; lines: number })[] = [];
  for (const [at, line] of lines.entries()) {
    const last = shown.at(-1);
    if (isShown[at] === true) shown.push(line);
    else if (last?.kind === 'gap') last.lines += 1;
    else shown.push({ kind: 'gap', lines: 1 });
  }
  return shown;
}
