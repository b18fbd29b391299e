import type { Violation } from './checker/violations.ts';
import type { WorldReport } from './world.ts';

/** A violation, and the lane of worlds in which it was found. */
type FoundViolation = Violation & { lane: number };

export type SimulationResult = {
  rounds: number;
  committed: number;
  abandoned: number;
  violations: number;
  found: FoundViolation[];
  studies: number;
  events: number;
  restarts: number;
  /** Restarts, by what the coordinator was doing. */
  restartsDuring: Record<string, number>;
  storeFailures: number;
  /** Joins that were answered with a time to come back. */
  sentAway: number;
  /** How updates and declines were answered, by code or `accepted`, `declined` and `duplicate`. */
  answers: Record<string, number>;
  /** Simulated time of all worlds together. */
  simulatedMs: number;
  /** Of everything that happened. */
  fingerprint: string;
  /** Of everything that happened in each lane. */
  laneFingerprints: Record<number, string>;
};

/** Violations that are kept in all. */
const KEPT = 20;

/** What lanes came to. */
export function summarize(lanes: readonly { lane: number; reports: WorldReport[] }[]): SimulationResult {
  const reports = lanes.flatMap((lane) => lane.reports);
  const sum = (of: (report: WorldReport) => number): number => reports.reduce((total, r) => total + of(r), 0);
  const committed = sum((r) => r.committed);
  const abandoned = sum((r) => r.abandoned);
  return {
    rounds: committed + abandoned,
    committed,
    abandoned,
    violations: sum((r) => r.violations),
    found: lanes
      .flatMap(({ lane, reports: own }) => own.flatMap((r) => r.kept.map((v) => ({ lane, ...v }))))
      .slice(0, KEPT),
    studies: reports.length,
    events: sum((r) => r.events),
    restarts: sum((r) => r.restarts),
    restartsDuring: addUp(reports.map((r) => r.restartsDuring)),
    answers: addUp(reports.map((r) => r.answers)),
    storeFailures: sum((r) => r.storeFailures),
    sentAway: sum((r) => r.sentAway),
    simulatedMs: sum((r) => r.elapsedMs),
    fingerprint: combine(lanes.map(({ reports: own }) => combine(own.map((r) => r.fingerprint)))),
    laneFingerprints: Object.fromEntries(
      lanes.map(({ lane, reports: own }) => [lane, combine(own.map((r) => r.fingerprint))]),
    ),
  };
}

/** What several parts of one simulation came to, each with lanes of its own. */
export function merge(parts: readonly SimulationResult[]): SimulationResult {
  const sum = (of: (part: SimulationResult) => number): number => parts.reduce((total, part) => total + of(part), 0);
  const lanes = parts
    .flatMap(({ laneFingerprints }) => Object.entries(laneFingerprints))
    .sort(([a], [b]) => Number(a) - Number(b));
  return {
    rounds: sum((p) => p.rounds),
    committed: sum((p) => p.committed),
    abandoned: sum((p) => p.abandoned),
    violations: sum((p) => p.violations),
    found: parts
      .flatMap(({ found }) => found)
      .sort((a, b) => a.lane - b.lane)
      .slice(0, KEPT),
    studies: sum((p) => p.studies),
    events: sum((p) => p.events),
    restarts: sum((p) => p.restarts),
    restartsDuring: addUp(parts.map((p) => p.restartsDuring)),
    storeFailures: sum((p) => p.storeFailures),
    sentAway: sum((p) => p.sentAway),
    answers: addUp(parts.map((p) => p.answers)),
    simulatedMs: sum((p) => p.simulatedMs),
    fingerprint: combine(lanes.map(([, fingerprint]) => fingerprint)),
    laneFingerprints: Object.fromEntries(lanes),
  };
}

function addUp(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const [key, count] of counts.flatMap((one) => Object.entries(one))) total[key] = (total[key] ?? 0) + count;
  return total;
}

/** One fingerprint of many, in their order. */
function combine(fingerprints: readonly string[]): string {
  let [high, low] = [0, 0];
  for (const text of fingerprints) {
    high = (Math.imul(high, 31) + Number.parseInt(text.slice(0, 8), 16)) | 0;
    low = (Math.imul(low, 37) + Number.parseInt(text.slice(8), 16)) | 0;
  }
  return [high, low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
