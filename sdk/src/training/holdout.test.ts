import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { gatherRows, heldBackRows, splitRecords } from './holdout.ts';

test('a row is held back if the hash of seed and position is below the share', async () => {
  const mask = await heldBackRows({ rows: 600, holdout: 0.3, seed: 7 });
  const expected = Array.from({ length: 600 }, (_, i) =>
    Number(createHash('sha256').update(`7\n${i}`).digest().readUInt32BE(0) / 2 ** 32 < 0.3),
  );
  expect([...mask]).toEqual(expected);
});

test('the share of rows held back is the one asked for', async () => {
  const mask = await heldBackRows({ rows: 10_000, holdout: 0.25, seed: 1 });
  // Binomial: z = 6.11 standard errors of sqrt(.25 * .75 / 10,000).
  expect(Math.abs(mask.reduce((sum, m) => sum + m, 0) / 10_000 - 0.25)).toBeLessThan(6.11 * 0.00433);
});

test('a split holds each row once, inputs and label together', async () => {
  const rows = 50;
  const records = {
    inputs: Float32Array.from({ length: rows * 2 }, (_, k) => k),
    labels: Uint8Array.from({ length: rows }, (_, row) => row % 2),
    rows,
  };
  const { training, heldBack } = await splitRecords(records, { holdout: 0.4, seed: 3 });
  const mask = await heldBackRows({ rows, holdout: 0.4, seed: 3 });
  for (const [part, held] of [
    [training, 0],
    [heldBack, 1],
  ] as const) {
    const positions = [...mask.keys()].filter((row) => mask[row] === held);
    expect(part.rows).toBe(positions.length);
    expect([...part.inputs]).toEqual(positions.flatMap((row) => [2 * row, 2 * row + 1]));
    expect([...part.labels]).toEqual(positions.map((row) => row % 2));
  }
});

test('[B7] all rows of an employee are in one part, of which only the first one evaluates', async () => {
  const rows = 300;
  const employees = Uint32Array.from({ length: rows }, (_, row) => Math.floor(row / 3));
  const inputs = Float32Array.from({ length: rows }, (_, row) => row);
  const records = { inputs, labels: new Uint8Array(rows), employees, rows };
  const { training, heldBack } = await splitRecords(records, { holdout: 0.4, seed: 3 });
  const mask = await heldBackRows({ rows: 100, holdout: 0.4, seed: 3 });
  const held = [...mask.keys()].filter((employee) => mask[employee] === 1);
  expect([...heldBack.inputs]).toEqual(held.map((employee) => 3 * employee));
  expect([...heldBack.employees!]).toEqual(held.map((_, i) => i));
  const kept = [...mask.keys()].filter((employee) => mask[employee] === 0);
  expect([...training.inputs]).toEqual(kept.flatMap((employee) => [0, 1, 2].map((row) => 3 * employee + row)));
  expect([...training.employees!]).toEqual(kept.flatMap((_, i) => [i, i, i]));
});

test('rows are gathered in the order asked for', () => {
  const source = { inputs: Float32Array.from([1, 2, 3, 4, 5, 6]), labels: Uint8Array.from([0, 1, 1]), rows: 3 };
  expect(gatherRows(source, [2, 0])).toEqual({
    inputs: Float32Array.from([5, 6, 1, 2]),
    labels: Uint8Array.from([1, 0]),
    rows: 2,
  });
});

test('labels that are numbers stay what they are', () => {
  const source = { inputs: Float32Array.from([1, 2]), labels: Float32Array.from([-0.5, 2.25]), rows: 2 };
  expect(gatherRows(source, [1]).labels).toEqual(Float32Array.from([2.25]));
});
