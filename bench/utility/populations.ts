import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { SeededRandom } from '@chorale/privacy/testing';
import { uniformInteger } from '@chorale/privacy';
import { type Feature, parseManifest, type TrainingTask } from '@chorale/protocol';
import { readCsv } from '../../sdk/src/training/csv.ts';
import type { Batch } from '../../sdk/src/training/engines/engine.ts';
import { encodeTable } from '../../sdk/src/training/features.ts';
import { gatherRows, splitRecords } from '../../sdk/src/training/holdout.ts';
import type { Table } from '../../sdk/src/training/table.ts';
import { logits, trainCentrally } from '../../sdk/src/training/testing/central-model.ts';
import {
  employeeColumns,
  employeesToCsv,
  syntheticEmployees,
} from '../../sdk/src/training/testing/synthetic-employees.ts';

/** People to learn from, and others to see how well. */
export type Population = {
  name: string;
  task: TrainingTask;
  /** What a company would say of the label's share before it asks: for attrition about one in seven. */
  expectedShare?: number;
  /** As many people as asked for, or all that there are; the same for a seed. */
  draw: (clients: number, seed: number) => Promise<{ training: Batch; heldBack: Batch }>;
};

const data = new URL('../../../shared/data/', import.meta.url);
const manifest = parseManifest(
  JSON.parse(readFileSync(new URL('../../demo/more-studies/attrition-open.json', import.meta.url), 'utf8')),
);
const attrition: TrainingTask = manifest.training!;
const heldBackRows = 20_000;

// SHA-256 of 1,470 made-up employees of seed 1, as CSV. Figures of other people are not to be compared with these.
const frozen = '075c52b3f52fbe5958326433b8a1e5242b20201844f9d68d3d4c28c566c46229';

/** @throws TypeError where the made-up employees are not those that the committed figures are of. */
export function checkEmployees(): void {
  const csv = employeesToCsv(syntheticEmployees({ rows: 1470, seed: 1 }));
  const found = createHash('sha256').update(csv).digest('hex');
  if (found !== frozen) throw new TypeError(`made-up employees must have the SHA-256 ${frozen}, got ${found}`);
}

/** The project's own made-up employees; with fewer inputs, those of the columns named. */
export function madeUpEmployees(columns: readonly string[] = attrition.features.map((f) => f.column)): Population {
  const task = { ...attrition, features: attrition.features.filter((f) => columns.includes(f.column)) };
  return {
    name: 'made-up employees',
    task,
    expectedShare: 0.15,
    draw: async (clients, seed) => {
      const employees = syntheticEmployees({ rows: clients + heldBackRows, seed });
      const rows = employees.map((employee) => employeeColumns.map((column) => String(employee[column])));
      const all = encodeTable(task, { columns: [...employeeColumns], rows });
      const isHeldBack = (row: number): boolean => row >= clients;
      const positions = [...Array(all.rows).keys()];
      return {
        training: gatherRows(
          all,
          positions.filter((row) => !isHeldBack(row)),
        ),
        heldBack: gatherRows(all, positions.filter(isHeldBack)),
      };
    },
  };
}

/**
 * IBM-like people for any number: features of rows drawn from the real 1,470, and a label drawn anew for each by a
 * teacher, the logistic model of the real data. Its ridge is what brings models of 1,500 and of many such people to about .85
 * and .865, nearer to what real rows give than a teacher that has learned the real labels by heart.
 */
export async function ibmLike(): Promise<Population | undefined> {
  const real = await realAttrition();
  if (real === undefined) return undefined;
  const teacher = trainCentrally({ task: attrition, records: real, ridge: 5e-4 });
  const probabilities = logits(teacher, real).map((logit) => 1 / (1 + Math.exp(-logit)));
  return {
    name: 'IBM-like',
    task: attrition,
    expectedShare: 0.15,
    draw: async (clients, seed) => {
      const random = new SeededRandom(seed);
      const drawRows = (rows: number): Batch => {
        const positions = Array.from({ length: rows }, () => uniformInteger(real.rows, random));
        const { inputs } = gatherRows(real, positions);
        const labels = Uint8Array.from(positions, (row) =>
          random.nextUint32() / 2 ** 32 < probabilities[row]! ? 1 : 0,
        );
        return { inputs, labels, rows };
      };
      return { training: drawRows(clients), heldBack: drawRows(heldBackRows) };
    },
  };
}

/** The 1,470 real rows, a quarter held back by their hash. */
export async function ibmRows(): Promise<Population | undefined> {
  const real = await realAttrition();
  return (
    real && {
      name: 'IBM rows',
      task: attrition,
      expectedShare: 0.15,
      draw: async (_, seed) => splitRecords(real, { holdout: 0.25, seed }),
    }
  );
}

/** 13 items on a four-point scale, and whether the fourteenth, "Happiness", has the best answer; a quarter held back. */
export async function employeeSurvey(): Promise<Population | undefined> {
  const table = await tableOf('employee_survey.csv');
  if (table === undefined) return undefined;
  const [label, ...items] = table.columns;
  const features: Feature[] = items.map((column) => ({ type: 'ordinal', column, levels: ['1', '2', '3', '4'] }));
  const task: TrainingTask = { ...attrition, features, label: { column: label!, positive: 'best', negative: 'other' } };
  const rows = table.rows.map(([first, ...rest]) => [first === '4' ? 'best' : 'other', ...rest]);
  const records = encodeTable(task, { ...table, rows });
  return { name: 'employee_survey', task, draw: async (_, seed) => splitRecords(records, { holdout: 0.25, seed }) };
}

async function realAttrition() {
  const table = await tableOf('ibm-attrition-modeldata.csv');
  return table && encodeTable(attrition, table);
}

async function tableOf(name: string): Promise<Table | undefined> {
  const file = new URL(name, data);
  return existsSync(file) ? readCsv(readFileSync(file, 'utf8')) : undefined;
}
