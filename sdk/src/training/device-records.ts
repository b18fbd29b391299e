import { type Answers, ChoraleError, inputSize, limits, type TrainingTask } from '@chorale/protocol';
import * as v from 'valibot';
import type { DeviceStore } from '../storage/device-store.ts';
import { type EncodedRecords, encodeTable } from './features.ts';
import { areLabelsOf } from './labels.ts';
import { tableFromRecords } from './table.ts';

const StoredRecords = v.object({
  /** Names this set of rows in the ledger; new whenever rows are put. */
  id: v.optional(v.string()),
  inputs: v.instance(Float32Array),
  labels: v.union([v.instance(Uint8Array), v.instance(Float32Array)]),
  employees: v.optional(v.instance(Uint32Array)),
  rows: v.pipe(v.number(), v.integer(), v.minValue(1)),
  warnings: v.array(
    v.object({
      type: v.picklist(['clamped', 'constant', 'one-label']),
      column: v.string(),
      rows: v.number(),
      message: v.string(),
    }),
  ),
});

/** Encoded rows with the name of their set; an employee's own row has none. */
export type DeviceRecords = EncodedRecords & { id?: string | undefined };

/**
 * The rows that this device trains on: those the page put, or an employee's own answers as one row.
 * @throws ChoraleError `TRAINING_DATA_INVALID` when there are none or they do not fit the task.
 */
export async function deviceRecords(
  task: TrainingTask,
  { store, study }: { store: DeviceStore; study: string },
): Promise<DeviceRecords> {
  const stored = await storedRecords(task, { store, study });
  if (stored !== null) return stored;
  const answers = task.clients === 'employee' ? await store.answers(study) : null;
  if (answers === null) throw new ChoraleError('TRAINING_DATA_INVALID', 'this device has no records to train on');
  return recordsOfAnswers(task, answers);
}

/** The rows that the page put, or `null`. @throws ChoraleError `TRAINING_DATA_INVALID` when they do not fit the task. */
export async function storedRecords(
  task: TrainingTask,
  { store, study }: { store: DeviceStore; study: string },
): Promise<DeviceRecords | null> {
  const value = await store.records(study);
  if (value === null || value === undefined) return null;
  const result = v.safeParse(StoredRecords, value);
  if (!result.success || !fits(task, result.output)) {
    throw new ChoraleError(
      'TRAINING_DATA_INVALID',
      'the records on this device do not fit the task; choose them again',
    );
  }
  return result.output;
}

/** Name of the set of rows that the page put last, or `undefined`. */
export async function storedRecordsId(store: DeviceStore, study: string): Promise<string | undefined> {
  const result = v.safeParse(StoredRecords, await store.records(study));
  return result.success ? result.output.id : undefined;
}

/** Whether records have the task's width, finite inputs, and its kind of labels, and say whose row each is where the task asks for that. */
export function fits(task: TrainingTask, { inputs, labels, employees, rows }: EncodedRecords): boolean {
  if (labels.length !== rows || inputs.length !== rows * inputSize(task)) return false;
  const fit = areLabelsOf(task.label, labels) && inputs.every(Number.isFinite);
  if (task.employeeColumn === undefined) return fit && employees === undefined;
  return fit && employees?.length === rows && isNumbered(employees);
}

/** Whether employees are numbered as they first appear, each with no more rows than there may be. */
function isNumbered(employees: Uint32Array): boolean {
  const rows: number[] = [];
  return employees.every((employee) => {
    if (employee > rows.length) return false;
    rows[employee] = (rows[employee] ?? 0) + 1;
    return rows[employee] <= limits.rowsPerEmployee;
  });
}

/** One row of an employee's answers; a column is a question's id, yes and no are `yes` and `no`. */
function recordsOfAnswers(task: TrainingTask, answers: Answers): EncodedRecords {
  const row = Object.fromEntries(
    Object.entries(answers).flatMap(([id, answer]) => {
      if (answer === null) return [];
      return [[id, typeof answer === 'boolean' ? (answer ? 'yes' : 'no') : answer]];
    }),
  );
  try {
    return encodeTable(task, tableFromRecords([row]));
  } catch (cause) {
    throw new ChoraleError('TRAINING_DATA_INVALID', 'the answers do not have all that the model needs', { cause });
  }
}
