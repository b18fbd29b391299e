/** ln(e^a + e^b + ...) */
export function logSumExp(logs: Float64Array): number {
  const largest = logs.reduce((most, log) => Math.max(most, log), -Infinity);
  if (!Number.isFinite(largest)) return largest;
  return largest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - largest), 0));
}

/** ln(1 + e^log), accurate relative to its own size. */
export function logOnePlusExp(log: number): number {
  return log > 700 ? log : Math.log1p(Math.exp(log));
}
