import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pulseStudy } from '../../testing/pulse-study.ts';
import { demoFolder } from '../../testing/running-coordinator.ts';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import { storeModel } from '../rounds/testing/round-record.ts';
import { siteTask, trainedManifest } from '../rounds/testing/study.ts';

const binary = join(import.meta.dirname, '..', '..', 'bin', 'chorale.mjs');
const { PORT: _port, HOST: _host, DATA_DIR: _data, LOG_LEVEL: _level, ...inherited } = process.env;
// The same code runs dozens of times here: it need not be compiled each time.
const environment = { ...inherited, NODE_COMPILE_CACHE: join(tmpdir(), 'chorale-compile-cache') };

/** @param line arguments, separated by single spaces */
function start(line: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  const args = line.split(' ').filter((argument) => argument !== '');
  return spawn(process.execPath, [binary, ...args], { env: { ...environment, ...env }, cwd: temporaryFolder() });
}

type Ended = { code: number | null; stdout: string; stderr: string };

/** Runs the command as a user does, and waits for its end. */
async function chorale(line: string, env?: NodeJS.ProcessEnv): Promise<Ended> {
  const child = start(line, env);
  const printed = { stdout: '', stderr: '' };
  child.stdout!.on('data', (chunk: Buffer) => (printed.stdout += chunk.toString()));
  child.stderr!.on('data', (chunk: Buffer) => (printed.stderr += chunk.toString()));
  const [code] = await once(child, 'close');
  return { code, ...printed };
}

/** Runs a command that must succeed, and parses the one JSON object that it prints. */
async function json(line: string): Promise<any> {
  const { code, stdout, stderr } = await chorale(`${line} --json`);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** Starts a coordinator; resolves once it says that it is ready. */
async function serve(line: string) {
  const child = start(`start --port 0 ${line}`);
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  let stdout = '';
  while (!/(results|studies) .*\n/.test(stdout)) {
    const [chunk] = await once(child.stdout!, 'data');
    stdout += String(chunk);
  }
  return { child, ended, stdout, url: /http:\/\/\S+?:\d+/.exec(stdout)![0] };
}

function studyFile(manifest: object = pulseStudy()): string {
  const file = join(temporaryFolder(), 'study.json');
  writeFileSync(file, JSON.stringify(manifest));
  return file;
}

/** How a command ends that is refused: nothing printed but one line about the reason. */
function refused(code: 1 | 2, reason: string | RegExp = /^chorale: .+\n$/): Ended {
  const stderr = typeof reason === 'string' ? `chorale: ${reason}\n` : expect.stringMatching(reason);
  return { code, stdout: '', stderr };
}

describe('chorale: calculations', () => {
  it('plan forecasts a question', async () => {
    const plan = await json('plan --question scale:5 --report favourable --epsilon 2 --respondents 300');
    expect(Object.keys(plan).join(' ')).toBe(
      'mechanism realizedEpsilon p q standardError margin95 minimumRespondents verdict',
    );
    // Randomized response with three letters: p = e^2 / (e^2 + 2).
    const p = expect.closeTo(Math.exp(2) / (Math.exp(2) + 2), 9);
    expect(plan).toMatchObject({ mechanism: 'randomized-response', p });
    const few = await json('plan --question number:0:60 --report mean --epsilon 0.1 --respondents 2');
    expect(few).toMatchObject({ p: null, margin95: null });
  });

  it('account composes each mechanism', async () => {
    const steps = '--steps 4 --delta 1e-6';
    const gaussian = await json(`account --mechanism gaussian --noise-multiplier 8 ${steps}`);
    expect(Object.keys(gaussian).join(' ')).toBe('epsilon accountant neighboringRelation delta privacyUnit');
    // Four releases at multiplier 8 are one at 4.
    const single = await json('account --mechanism gaussian --noise-multiplier 4 --delta 1e-6');
    expect(gaussian.epsilon).toBeCloseTo(single.epsilon, 9);
    const basic = await json('account --mechanism pure --epsilon-per-step 0.5 --steps 4 --delta 0');
    const relation = { neighboringRelation: 'replace-one', privacyUnit: 'employee' };
    expect(basic).toEqual({ epsilon: 2, delta: 0, accountant: 'basic', ...relation });
    const response = await json(`account --mechanism randomized-response --options 5 --epsilon-per-step 0.5 ${steps}`);
    const laplace = await json(`account --mechanism laplace --epsilon-per-step 0.5 ${steps}`);
    for (const { epsilon } of [response, laplace])
      expect(epsilon).toSatisfy((value: number) => value > 0.5 && value <= 2);
    const discrete = await json(
      'account --mechanism discrete-gaussian --noise-stddev 400 --sensitivity 100 --delta 1e-6',
    );
    expect(discrete.epsilon).toBeCloseTo(single.epsilon, 3);
    const geometric = await json(`account --mechanism discrete-laplace --laplace-scale 2 --sensitivity 1 ${steps}`);
    expect(geometric.epsilon).toBeCloseTo(2, 2);
  });

  it('account composes Gaussians on samples, each for its relation', async () => {
    const noise = '--noise-multiplier 1 --steps 10 --delta 1e-5';
    const sampled = await json(`account --mechanism subsampled-gaussian --sampling-rate 0.1 ${noise} --unit site`);
    // Of the bracket [2.85349, 2.85555] by the PRV accountant.
    expect(sampled.epsilon).toBeCloseTo(2.85452, 3);
    expect(sampled).toMatchObject({ delta: 1e-5, neighboringRelation: 'add-or-remove-one', privacyUnit: 'site' });
    const replaced = await json(
      `account --mechanism subsampled-gaussian --relation replace-one --sampling-rate 0.1 ${noise}`,
    );
    expect(replaced.neighboringRelation).toBe('replace-one');
    // A multiplier of 1 is twice as much noise where the sensitivity is that of a replacement.
    const twice = await json(
      `account --mechanism subsampled-gaussian --sampling-rate 0.1 ${noise.replace('-multiplier 1', '-multiplier 2')}`,
    );
    expect(replaced.epsilon).toBeGreaterThan(twice.epsilon);
    expect(replaced.epsilon).toBeLessThan(sampled.epsilon);
    const fixed = await json(
      `account --mechanism fixed-size-gaussian --sample-size 100 --population-size 1000 ${noise}`,
    );
    expect(fixed).toMatchObject({ neighboringRelation: 'replace-one', privacyUnit: 'employee' });
    expect(fixed.epsilon).toBeGreaterThan(sampled.epsilon);
  });

  it('account takes names as papers write them, and names flags in its refusals', async () => {
    const named = '--noise-multiplier 1 --sampling-rate 0.1 --delta 1e-5';
    const written = await json(`account --mechanism subsampled-gaussian ${named}`);
    expect(await json(`account --mechanism Subsampled_Gaussian ${named}`)).toEqual(written);
    expect(await chorale('account --mechanism gaussian --noise-multiplier 0 --delta 1e-5')).toEqual(
      refused(2, '--noise-multiplier must be finite and > 0, got 0'),
    );
  });

  it('calibrate gives the noise that account asks back', async () => {
    const noise = await json('calibrate --mechanism gaussian --epsilon 1 --delta 1e-6 --sensitivity 3 --steps 5');
    expect(noise.noiseStddev).toBeCloseTo(3 * noise.noiseMultiplier, 9);
    const account = `account --mechanism gaussian --noise-multiplier ${noise.noiseMultiplier} --steps 5 --delta 1e-6`;
    expect((await json(account)).epsilon).toBeCloseTo(1, 6);
    expect(noise.neighboringRelation).toBe('replace-one');
    const few = '--steps 50 --delta 1e-6 --sampling-rate 0.1';
    const sampled = await json(`calibrate --mechanism gaussian --epsilon 1 --sensitivity 3 ${few}`);
    expect(sampled).toMatchObject({ neighboringRelation: 'add-or-remove-one' });
    expect(sampled.noiseStddev).toBeCloseTo(3 * sampled.noiseMultiplier, 9);
    const back = `account --mechanism subsampled-gaussian --noise-multiplier ${sampled.noiseMultiplier} ${few}`;
    expect((await json(back)).epsilon).toBeCloseTo(1, 4);
  });

  it('says at the options which sensitivity belongs to which relation', async () => {
    for (const command of ['account', 'calibrate']) {
      const { stdout } = await chorale(`${command} --help`);
      expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(/clipped to C that is 2 C/);
    }
  });

  it('prints a table for people', async () => {
    const stdout =
      'epsilon              1\naccountant           basic\nneighboringRelation  replace-one\n' +
      'delta                0\nprivacyUnit          employee\n';
    expect(await chorale('account --mechanism pure --epsilon-per-step 1 --delta 0')).toEqual({
      code: 0,
      stdout,
      stderr: '',
    });
  });
});

describe('chorale: bad arguments end with code 2 and one line', () => {
  it.each([
    '',
    'dance',
    'study dance',
    'start --port many',
    'start --port 70000',
    'start --bogus',
    'start --study /nowhere.json',
    'start --demo /nowhere --port 0',
    'plan --question yesno --report favourable --respondents 100',
    'plan --question yesno --report favourable --respondents 100 --epsilon -1',
    'plan --question yesno --report favourable --respondents 1e --epsilon 1',
    'plan --question scale --report favourable --respondents 100 --epsilon 1',
    'plan --question scale:5 --report favourable --respondents 100 --epsilon 1 --mechanism laplace',
    'account --mechanism constructor --delta 1e-6',
    'account --mechanism gaussian --delta 1e-6',
    'account --mechanism gaussian --delta 1e-6 --noise-multiplier 0',
    'account --mechanism gaussian --delta 1e-6 --noise-multiplier 1 --sampling-rate 0.1',
    'account --mechanism subsampled-gaussian --delta 1e-6 --noise-multiplier 1',
    'account --mechanism subsampled-gaussian --delta 1e-6 --noise-multiplier 1 --sampling-rate 1.1',
    'account --mechanism subsampled-gaussian --delta 0 --noise-multiplier 1 --sampling-rate 0.1',
    'account --mechanism gaussian --delta 1e-6 --noise-multiplier 1 --relation replace-one',
    'account --mechanism subsampled-gaussian --delta 1e-6 --noise-multiplier 1 --sampling-rate 0.1 --relation zero-out',
    'account --mechanism fixed-size-gaussian --delta 1e-6 --noise-multiplier 1 --sample-size 5 --population-size 4',
    'account --mechanism pure --epsilon-per-step 1 --delta 0 --unit team',
    'calibrate --mechanism gaussian --epsilon 1 --delta 1e-6 --sensitivity 1 --sampling-rate 0',
    'calibrate --mechanism gaussian --epsilon 1 --delta 1e-6 --sensitivity 0',
    'results',
    'results pulse --data a --server http://localhost:1',
    'results pulse --server ftp://localhost',
    `study put ${binary}`,
  ])('%s', async (line) => {
    expect(await chorale(line)).toEqual(refused(2));
  });

  it('a study that is none, and a server without its token', async () => {
    expect(await chorale(`study put ${studyFile({ protocol: 1 })} --data ${temporaryFolder()}`)).toEqual(refused(2));
    expect(await chorale(`study put ${studyFile()} --server http://localhost:1`)).toEqual(refused(2));
  });

  it('gives help without an error, whatever the environment', async () => {
    const { code, stdout, stderr } = await chorale('start --help', { PORT: 'many' });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('--port');
    expect(await chorale('start', { PORT: 'many' })).toEqual(refused(2, 'PORT must be a whole number, got many'));
  });
});

describe('chorale: failures end with code 1 and one line', () => {
  it('port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const ended = await chorale('start', { PORT: String(port) });
    expect(ended).toEqual(refused(1, `port ${port} is in use: choose another with --port or PORT`));
  });

  it('data folder that cannot be written, or holds no studies', async () => {
    const ended = await chorale('start --port 0', { DATA_DIR: '/proc/chorale' });
    expect(ended).toEqual(refused(1, /^chorale: data folder \/proc\/chorale: .+\n$/));
    expect(await chorale('results pulse')).toEqual(refused(1, /^chorale: data folder data holds no studies: .+\n$/));
    expect(await chorale('study list --data none')).toEqual(
      refused(1, /^chorale: data folder none holds no studies: .+\n$/),
    );
  });

  it('unknown study, conflicting study, no server', async () => {
    const data = temporaryFolder();
    expect((await chorale(`study put ${studyFile()} --data ${data}`)).code).toBe(0);
    expect(await chorale(`results exit --data ${data}`)).toEqual(refused(1));
    const other = studyFile(pulseStudy({ epsilon: 1 }));
    expect(await chorale(`study put ${other} --data ${data}`)).toEqual(refused(1));
    expect(await chorale(`start --port 0 --data ${data} --study ${other}`)).toEqual(refused(1));
    const nowhere = await chorale('study list --server http://localhost:1');
    expect(nowhere).toEqual(refused(1, 'no server answers at http://localhost:1'));
  });
});

describe('chorale start', () => {
  it('says where it is once it serves, and stops in good order on a signal', async () => {
    for (const signals of [['SIGTERM', 'SIGINT'] as const, ['SIGINT', 'SIGTERM'] as const]) {
      const data = temporaryFolder();
      const { child, ended, stdout, url } = await serve(`--data ${data} --demo ${demoFolder()}`);
      const pages = `  overview  ${url}/\n  survey    ${url}/survey\n  site      ${url}/site\n  results   ${url}/results\n`;
      const token = '#token=[\\w-]{43}';
      expect(stdout).toMatch(
        new RegExp(
          `^Chorale is ready\n${pages}  studio    ${url}/studio${token}  signs in as Demo analyst\n` +
            `  officer   ${url}/officer${token}  signs in as Demo officer\n$`,
        ),
      );
      expect(await (await fetch(`${url}/survey`)).text()).toContain('survey');
      // A terminal's signal reaches the process more than once where parents pass it on.
      for (const signal of signals) child.kill(signal);
      expect(await ended).toEqual([0, null]);
      expect(readdirSync(data)).toEqual(['chorale.db']);
    }
  });

  it('publishes the studies of the demo once, into an empty folder only', async () => {
    const demo = demoFolder();
    mkdirSync(join(demo, 'studies'));
    writeFileSync(join(demo, 'studies', 'pulse.json'), JSON.stringify(pulseStudy()));
    const own = await serve(`--demo ${demo} --study ${studyFile(pulseStudy({ id: 'exit' }))}`);
    expect((await json(`study list --server ${own.url}`)).studies).toMatchObject([{ id: 'exit' }]);
    const empty = await serve(`--demo ${demo}`);
    expect((await json(`study list --server ${empty.url}`)).studies).toMatchObject([{ id: 'pulse' }]);
  });

  it('lets commands on its data folder through, and nobody else read its token', async () => {
    const data = temporaryFolder();
    const { child, ended, url } = await serve(`--data ${data}`);
    expect(await json(`study put ${studyFile()} --data ${data}`)).toMatchObject({ study: 'pulse', outcome: 'created' });
    expect(await json(`study list --data ${data}`)).toMatchObject({ studies: [{ id: 'pulse', voices: 0 }] });
    expect(await json(`results pulse --server ${url}`)).toMatchObject({ study: 'pulse', voices: 0 });
    const second = await chorale(`start --port 0 --data ${data}`);
    expect(second).toEqual(refused(1, `data folder ${data}: it is in use by another process`));
    for (const file of ['server.json', 'chorale.db', 'chorale.db-wal']) {
      expect(statSync(join(data, file)).mode & 0o777, file).toBe(0o600);
    }

    child.kill('SIGKILL');
    await ended;
    // What a killed server left behind misleads nobody: the folder is free.
    expect(await json(`results pulse --data ${data}`)).toMatchObject({ study: 'pulse', voices: 0 });
    expect((await chorale(`results pulse --data ${data}`)).stdout).toContain('too few');
    const list = await chorale(`study list --data ${data}`);
    expect(list.stdout).toMatch(/^STUDY +STATE +VOICES +PARTS +TITLE\npulse +open +0 +survey +Pulse\n$/);
  });
});

const withoutTime = ({ stdout }: Ended) => stdout.replaceAll(/\d{4}-\d\d-\d\dT[^,]+Z/g, '');

describe('chorale export', () => {
  it('writes a study or a series as a table or an object, from a data folder or its server', async () => {
    const data = temporaryFolder();
    const manifest = pulseStudy({ more: { series: 'quarterly' } });
    const { child, ended, url } = await serve(`--data ${data} --study ${studyFile(manifest)}`);
    const fromServer = await chorale(`export pulse --server ${url}`);
    const series = await chorale(`export quarterly --series --server ${url}`);
    expect(series.stdout).toMatch(/^series,study,manifest,[a-z_,]+,significant\r\nquarterly,pulse,sha256-/);
    expect((await chorale(`export pulse --drivers --server ${url}`)).stdout).toMatch(/^study,.*,outcome,/);
    child.kill('SIGTERM');
    await ended;

    const fromFolder = await chorale(`export pulse --data ${data}`);
    expect(fromFolder).toMatchObject({ code: 0, stderr: '' });
    expect(fromFolder.stdout).toMatch(/^study,manifest,title,[a-z_,]+\r\npulse,sha256-.+,too-few,/);
    expect(withoutTime(fromFolder)).toBe(withoutTime(fromServer));
    const exported = await json(`export pulse --data ${data}`);
    expect(exported).toMatchObject({ format: 'chorale-results', stamp: { study: 'pulse', delta: 0 } });
    expect(await json(`export quarterly --series --data ${data}`)).toMatchObject({ format: 'chorale-series' });
    expect(JSON.parse((await chorale(`export pulse --format json --data ${data}`)).stdout).results).toEqual(
      exported.results,
    );
    const drivers = await json(`export pulse --drivers --data ${data}`);
    expect(drivers).toMatchObject({ format: 'chorale-drivers', drivers: { study: 'pulse' } });
    expect(await chorale(`export pulse --drivers --series --data ${data}`)).toEqual(refused(2));
    expect(await chorale(`export yearly --series --data ${data}`)).toEqual(refused(1));
    expect(await chorale(`export pulse --format pdf --data ${data}`)).toEqual(
      refused(2, '--format must be csv or json, got pdf'),
    );
  });
});

describe('chorale verify-log', () => {
  it('checks the rounds of a data folder and of its server, and ends with code 1 where they do not hold', async () => {
    const folder = temporaryFolder();
    await json(`study put ${studyFile(trainedManifest(siteTask()))} --data ${folder}`);
    await storeModel(folder, new Float32Array(3));

    const good = {
      log: { sequence: 1, finding: null },
      studies: [{ study: 'attrition', rounds: 1, committedRounds: 1, findings: [] }],
    };
    expect(await json(`verify-log --data ${folder}`)).toMatchObject(good);
    expect((await chorale(`verify-log attrition --data ${folder}`)).stdout).toBe(
      'attrition: 1 round, 1 of training committed: holds\n',
    );
    const { child, ended: stopped } = await serve(`--data ${folder}`);
    expect(await json(`verify-log --data ${folder}`)).toMatchObject(good);
    child.kill('SIGTERM');
    await stopped;

    const database = new DatabaseSync(join(folder, 'chorale.db'));
    database.exec('UPDATE round SET accepted = 1');
    database.close();
    const { code, stdout, stderr } = await chorale(`verify-log --data ${folder}`);
    expect(stdout).toMatch(/DOES NOT HOLD\n {2}round 1: committed with 1 of a quorum of 2/);
    expect([code, stderr]).toEqual([1, 'chorale: the log of 1 of 1 studies does not hold together\n']);
  });

  it('has nothing to say of a study that does not train', async () => {
    const folder = temporaryFolder();
    await json(`study put ${studyFile()} --data ${folder}`);
    expect(await json(`verify-log --data ${folder}`)).toMatchObject({ log: { sequence: 1 }, studies: [] });
    const { code, stderr } = await chorale(`verify-log ${pulseStudy().id} --data ${folder}`);
    expect([code, stderr]).toEqual([1, `chorale: study ${pulseStudy().id} has no training\n`]);
  });

  it('[O6] finds where the log of decisions breaks, and with an anchor that its end is missing', async () => {
    const folder = temporaryFolder();
    for (const id of ['pulse', 'exit', 'climate']) {
      await json(`study put ${studyFile(pulseStudy({ id }))} --data ${folder}`);
    }
    const { stdout: whole } = await chorale(`verify-log --data ${folder}`);
    const anchor = /^log: 3 entries: holds\n.*(3:sha256-\S{44})\n$/.exec(whole)![1]!;
    const tampered = async (statement: string, flags = ''): Promise<Ended> => {
      const copy = temporaryFolder();
      cpSync(folder, copy, { recursive: true });
      const database = new DatabaseSync(join(copy, 'chorale.db'));
      database.exec(statement);
      database.close();
      return chorale(`verify-log --data ${copy} ${flags}`);
    };
    expect(await tampered(`UPDATE log SET subject = 'exut' WHERE sequence = 2`)).toEqual({
      code: 1,
      stdout: 'log: 1 entry hold, then: entry 2 was changed: its hash is not that of its content\n',
      stderr: 'chorale: entry 2 was changed: its hash is not that of its content\n',
    });
    expect(await tampered('DELETE FROM log WHERE sequence = 1')).toMatchObject({
      code: 1,
      stderr: 'chorale: entry 1 is missing: entry 2 is in its place\n',
    });
    const cut = 'DELETE FROM log WHERE sequence = 3';
    expect((await tampered(cut)).code).toBe(0);
    expect(await tampered(cut, `--anchor ${anchor}`)).toMatchObject({
      code: 1,
      stderr: 'chorale: entries 3 to 3 are missing at the end\n',
    });
    expect((await chorale(`verify-log --data ${folder} --anchor ${anchor}`)).code).toBe(0);
    expect((await chorale(`verify-log --data ${folder} --anchor 3`)).code).toBe(2);
  });
});

describe('chorale person', () => {
  it('[O1] adds, lists and removes persons, in a folder and by its server, and keeps no token', async () => {
    const folder = temporaryFolder();
    const { token, ...ada } = await json(`person add Ada --role analyst --data ${folder}`);
    expect([ada, token]).toEqual([{ name: 'Ada', role: 'analyst' }, expect.stringMatching(/^[\w-]{43}$/)]);
    const { child, ended, url } = await serve(`--data ${folder}`);
    await json(`person add Ovid --role officer --data ${folder}`);
    const me = await fetch(`${url}/api/v1/persons/me`, { headers: { authorization: `Bearer ${token}` } });
    expect(await me.json()).toEqual({ type: 'person', ...ada });
    expect((await json(`person list --data ${folder}`)).persons).toMatchObject([
      ada,
      { name: 'Ovid', role: 'officer' },
    ]);
    expect(await chorale(`person add Ada --role officer --data ${folder}`)).toEqual(
      refused(1, 'there is a person Ada already'),
    );
    child.kill('SIGTERM');
    await ended;
    expect(await json(`person remove Ada --data ${folder}`)).toEqual({ name: 'Ada', removed: true });
    expect(await chorale(`person remove Ada --data ${folder}`)).toEqual(refused(1, 'there is no such person here'));
    expect(readFileSync(join(folder, 'chorale.db')).includes(token)).toBe(false);
  });
});

describe('chorale study', () => {
  it('[O4] closes and purges a study of a folder', async () => {
    const folder = temporaryFolder();
    await json(`study put ${studyFile()} --data ${folder}`);
    expect(await chorale(`study purge pulse --data ${folder}`)).toEqual(refused(1, /close the study first/));
    expect(await json(`study close pulse --data ${folder}`)).toEqual({ study: 'pulse', state: 'closed' });
    expect(await json(`study purge pulse --data ${folder}`)).toEqual({ study: 'pulse', state: 'purged' });
    expect((await json(`study list --data ${folder}`)).studies).toMatchObject([{ id: 'pulse', state: 'purged' }]);
  });

  it('[O2] publishes nothing new in a folder where approval is required', async () => {
    const put = `study put ${studyFile()} --data ${temporaryFolder()}`;
    expect(await chorale(put, { CHORALE_REQUIRE_APPROVAL: '1' })).toEqual(refused(1, /a second person has approved/));
  });
});
