import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planTraining, type TrainingPlan } from '@chorale/privacy/forecast';
import { oneShotVerdict, planOneShot } from '@chorale/training/one-shot';
import { describe, expect, it } from 'vitest';

const binary = join(import.meta.dirname, '..', '..', 'bin', 'chorale.mjs');
const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'chorale-compile-cache') };

/** Runs the command as a user does, and waits for its end. */
async function chorale(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [binary, ...line.split(' ')], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

const training = '--parameters 50 --clients 1500 --rounds 20 --epsilon 2 --delta 1e-5 --clipping-norm 1';

/** What is printed of a plan; the rest goes into its verdict. */
const shown = ({ usableSignalToNoise: _usable, usableCohort: _cohort, ...plan }: TrainingPlan) => plan;

describe('chorale plan training', () => {
  it('forecasts a training in either mode', async () => {
    const options = { dimension: 50, clients: 1500, rounds: 20, epsilon: 2, delta: 1e-5, clippingNorm: 1 };
    const distributed = await chorale(`plan training ${training} --mode distributed --json`);
    expect(distributed).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(distributed.stdout)).toEqual({
      ...shown(planTraining({ ...options, mode: 'distributed' })),
      verdict: expect.stringMatching(/^Usable: /),
    });
    const local = await chorale(`plan training ${training} --mode local --mechanism gaussian --cohort 30 --json`);
    expect(JSON.parse(local.stdout)).toEqual({
      ...shown(planTraining({ ...options, mode: 'local', mechanism: 'gaussian', cohort: 30 })),
      verdict: expect.stringMatching(/^Hopeless: /),
    });
  });

  it('prints a table for people, and help', async () => {
    const { code, stdout } = await chorale(`plan training ${training} --mode local`);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^mode +local$/m);
    expect(stdout).toMatch(/^noiseMultiplier +-$/m);
    expect(stdout).toMatch(/^verdict +Hopeless: /m);
    expect((await chorale('plan training --help')).stdout).toContain('--rounds-per-client');
    expect((await chorale('plan --help')).stdout).toContain('training');
  });

  it('forecasts the accuracy of a one-shot training, and says when there is no hope', async () => {
    const asked = '--clients 1500 --features 50 --epsilon 2 --delta 1e-5';
    const gram = await chorale(`plan training --algorithm gram-matrix ${asked} --mode distributed --json`);
    expect(gram).toMatchObject({ code: 0, stderr: '' });
    const options = { clients: 1500, features: 50, epsilon: 2, delta: 1e-5 };
    const plan = planOneShot({ ...options, algorithm: 'gram-matrix', mode: 'distributed' });
    const { usableClients: _clients, ...fields } = plan;
    expect(JSON.parse(gram.stdout)).toEqual({ ...fields, verdict: oneShotVerdict(plan) });
    const local = await chorale(`plan training --algorithm class-mean-difference ${asked} --mode local`);
    expect(local.stdout).toMatch(/^verdict +Hopeless: /m);
  });

  it('leaves the forecast of questions as it is', async () => {
    const question = await chorale('plan --question yesno --report favourable --epsilon 1 --respondents 500 --json');
    expect(question).toMatchObject({ code: 0, stderr: '' });
    expect(await chorale('plan')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('question') });
    expect(await chorale('plan dance')).toMatchObject({ code: 2, stdout: '' });
  });

  it('refuses what was said before it, instead of forgetting it', async () => {
    for (const before of ['--json', '--epsilon 3', '--question yesno --respondents 10']) {
      const ended = await chorale(`plan ${before} training ${training} --mode distributed`);
      expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('belongs after training') });
    }
  });

  it.each([
    training,
    `${training} --mode central`,
    `${training} --mode distributed --mechanism privunit`,
    `${training} --mode local --minimum-survivors 5`,
    `${training} --mode local --cohort 2000`,
    `${training} --mode local --question yesno`,
    '--mode local',
    `${training} --mode local --features 3`,
    `${training} --mode local --algorithm gram-matrix --features 3`,
    '--algorithm gram-matrix --clients 1500 --epsilon 2 --delta 1e-5 --mode local',
    '--algorithm gram-matrix --features 3 --clients 15 --epsilon 2 --delta 1e-5 --mode local',
    '--clients 1500 --parameters 3 --rounds 2 --epsilon 2 --delta 1e-5 --mode local',
  ])('bad arguments end with code 2 and one line: %s', async (line) => {
    const ended = await chorale(`plan training ${line}`);
    expect(ended).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(/^chorale: .+\n$/) });
  });
});
