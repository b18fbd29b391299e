/** Milliseconds of one run: the median of `runs`, after one that warms up. */
export async function medianMs(run: () => Promise<unknown>, { runs }: { runs: number }): Promise<number> {
  await run();
  const times: number[] = [];
  for (let i = 0; i < runs; i += 1) {
    const started = performance.now();
    await run();
    times.push(performance.now() - started);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(runs / 2)]!;
}
