import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const binary = join(import.meta.dirname, '..', '..', 'bin', 'chorale.mjs');
const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'chorale-compile-cache') };

type Ended = { code: number; stdout: string; stderr: string };

/** Runs `chorale audit` as a user does. */
async function audit(line: string): Promise<Ended> {
  return new Promise((ended) => {
    execFile(process.execPath, [binary, 'audit', ...line.split(' ')], { env }, (error, stdout, stderr) => {
      ended({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** Runs an audit that must pass, and parses the one JSON object that it prints. */
async function passed(line: string): Promise<unknown> {
  const { code, stdout, stderr } = await audit(`${line} --json`);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** Real randomness: each of these audits of a correct mechanism fails falsely once in 500,000 runs. */
const found = (mechanism: string, epsilon: number) => ({
  mechanism,
  epsilonClaimed: epsilon,
  epsilonLowerBound: expect.toSatisfy((bound: number) => bound >= 0.9 * epsilon && bound <= epsilon),
  confidence: 1 - 1e-6,
  passed: true,
  verdict: 'sound',
  samples: expect.any(Number),
});

describe('chorale audit', () => {
  it('measures what mechanisms lose, by their names in full or short', async () => {
    const response = await passed('--mechanism grr --options 4 --epsilon 2');
    expect(response).toEqual({ ...found('randomized-response', 2), epsilonExact: expect.closeTo(2, 12) });
    const subsets = await passed('--mechanism subset-selection --options 6 --epsilon 2');
    expect(subsets).toEqual({ ...found('subset-selection', 2), epsilonExact: expect.closeTo(2, 12) });
    const mean = await passed('--mechanism HYBRID --epsilon 3');
    expect(mean).toEqual({ ...found('hybrid-with-no-answer', 3), epsilonExact: expect.closeTo(3, 12) });
    const unary = await passed('--mechanism oue --options 3 --epsilon 3');
    expect(unary).toEqual({ ...found('optimized-unary-encoding', 3), epsilonExact: null });
  });

  it('makes as many draws as it is told, prints a table for people, and fails where too little is shown', async () => {
    const { code, stdout, stderr } = await audit('--mechanism warner --options 2 --epsilon 1 --samples 400');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(/^mechanism +randomized-response\n/);
    expect(stdout).toMatch(/\npassed +no\nverdict +too-little-shown\nsamples +400\n$/);
  });

  it.each([
    '--mechanism snapping --options 3 --epsilon 1',
    '--mechanism constructor --options 3 --epsilon 1',
    '--mechanism hybrid --options 9 --epsilon 3',
    '--mechanism duchi --epsilon 3',
    '--mechanism grr --epsilon 1',
    '--mechanism grr --options 1 --epsilon 1',
    '--mechanism grr --options 3 --epsilon 0',
    '--mechanism grr --options 3 --epsilon 1 --samples 2',
    '--mechanism grr --options 3 --epsilon 1 --samples many',
    '--options 3 --epsilon 1',
    '--mechanism grr --options 3',
  ])('ends with code 2 and one line for %s', async (line) => {
    expect(await audit(line)).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(/^chorale: .+\n$/) });
  });
});
