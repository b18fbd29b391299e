import { layerSizes, type TrainingTask } from '@chorale/protocol';
import { expect, test } from 'vitest';
import { TypedArrayEngine } from './engines/typed-array-engine.ts';
import { evaluationHistogram } from './evaluation.ts';
import { encodeTable } from './features.ts';
import { splitRecords } from './holdout.ts';
import { localRound } from './local-round.ts';
import { tableFromRecords } from './table.ts';
import { attritionTask } from './testing/attrition-task.ts';
import { syntheticEmployees } from './testing/synthetic-employees.ts';
import { TrainingSession } from './training-session.ts';

const task: TrainingTask = { ...attritionTask, localEpochs: 2 };
const records = encodeTable(task, tableFromRecords(syntheticEmployees({ rows: 80, seed: 1 })));
const parameters = new Float32Array(layerSizes(task)[0]! + 1).fill(0.1);

test('rows that are held back never train, and only they evaluate', async () => {
  const session = await TrainingSession.open({ task, records, noiseless: true });
  const { training, heldBack } = await splitRecords(records, task.evaluation);
  expect(session.rows).toEqual({ training: training.rows, heldBack: heldBack.rows });
  const engine = new TypedArrayEngine({ layerSizes: layerSizes(task), activation: 'relu' });
  const common = { task, engine, parameters, noiseless: true };
  expect(await session.train({ parameters, modelRound: 0 })).toEqual(await localRound({ ...common, training }));
  expect(await session.evaluate({ parameters })).toEqual(await evaluationHistogram({ ...common, heldBack }));
});

test('[R10] an employee holds no row back', async () => {
  const session = await TrainingSession.open({ task: { ...task, clients: 'employee' }, records, noiseless: true });
  expect(session.rows).toEqual({ training: 80, heldBack: 0 });
});

test('the engine and its reason are told', async () => {
  const { engine } = await TrainingSession.open({ task, records, noiseless: true });
  expect(engine).toEqual({
    name: 'typed-arrays',
    reason: expect.stringMatching(/^typed arrays: [\d.]+ ms a step, too fast/),
  });
});

test('an engine that this runtime does not offer leaves typed arrays, and says so', async () => {
  const { engine } = await TrainingSession.open({ task, records, noiseless: true, preferredEngine: 'webgl' });
  expect(engine.name).toBe('typed-arrays');
  expect(engine.reason).toContain('webgl: not used');
});
