import { expect, test } from 'vitest';
import { sampleManifest } from '../testing/sample-manifest.ts';
import { mostParticipations, participationLimits, type TrainingTask } from './training-task.ts';

const task = sampleManifest().training!;
const employees = (participation?: TrainingTask['participation']): TrainingTask => ({
  ...task,
  clients: 'employee',
  ...(participation === undefined ? {} : { participation }),
});

test('[B8] employees contribute once and sites always, where the task says nothing else', () => {
  expect(participationLimits(employees())).toEqual({ atMost: 1, spacing: 1 });
  expect(participationLimits(employees({ atMost: 5, spacing: 3 }))).toEqual({ atMost: 5, spacing: 3 });
  expect(participationLimits(task)).toEqual({ atMost: Infinity, spacing: 1 });
});

test.each<[TrainingTask['participation'], number, number]>([
  [undefined, 7, 1],
  [{ atMost: 5 }, 3, 3],
  [{ atMost: 5 }, 9, 5],
  [{ atMost: 5, spacing: 3 }, 1, 1],
  [{ atMost: 5, spacing: 3 }, 3, 1],
  [{ atMost: 5, spacing: 3 }, 4, 2],
  [{ atMost: 5, spacing: 3 }, 99, 5],
])('[B8] with %j and %i rounds one client has made %i updates at most', (participation, rounds, expected) => {
  expect(mostParticipations(employees(participation), rounds)).toBe(expected);
  // The rounds of a client that comes as soon as it may.
  expect(Math.min(participation?.atMost ?? 1, Math.floor((rounds - 1) / (participation?.spacing ?? 1)) + 1)).toBe(
    expected,
  );
});
