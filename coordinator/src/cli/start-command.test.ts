import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { encodeIntegers, manifestHash } from '@chorale/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { memory } from '../../bin/memory.mjs';
import { demoFolder } from '../../testing/running-coordinator.ts';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import { siteTask, trainedManifest } from '../rounds/testing/study.ts';
import { TrainingTestClient } from '../rounds/testing/training-client.ts';

const binary = join(import.meta.dirname, '..', '..', 'bin', 'chorale.mjs');
const cohort = { size: 1, quorum: 1, overSelection: 1, selectionTimeoutMs: 60_000, deadlineMs: 60_000 };
const manifest = trainedManifest(siteTask({ cohort }));

/**
 * A coordinator in a process of its own, with a client that was invited to a round.
 * @param logFile of its standard error
 */
async function openRound({ logFile = 'pipe', flags: more = [] }: { logFile?: 'pipe' | number; flags?: string[] } = {}) {
  const file = join(temporaryFolder(), 'study.json');
  writeFileSync(file, JSON.stringify(manifest));
  const flags = ['--port', '0', '--study', file, '--demo', demoFolder(), '--data', temporaryFolder(), ...more];
  const child = spawn(process.execPath, [binary, 'start', ...flags], {
    env: { ...process.env, DRAIN_TIMEOUT_MS: '60000' },
    stdio: ['ignore', 'pipe', logFile],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  let stdout = '';
  while (!/results .*\n/.test(stdout)) stdout += String((await once(child.stdout!, 'data'))[0]);
  const url = /http:\/\/\S+?:\d+/.exec(stdout)![0];
  const invited = await fetch(`${url}/demo/invitations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ study: 'attrition', invitations: [{ name: 'a', group: 'north' }] }),
  });
  const { tokens }: { tokens: string[] } = JSON.parse(await invited.text());
  const client = new TrainingTestClient(url);
  onTestFinished(() => client.close());
  await client.join(tokens[0]!, await manifestHash(manifest));
  await client.next('round');
  const isUnready = () => expect.poll(async () => (await fetch(`${url}/readyz`)).status);
  return { child, exited, client, isUnready, url };
}

/** A connection that says something and then never ends by itself. */
async function hold(url: string, said: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {}).resume();
  await once(socket, 'connect');
  if (said !== '') await new Promise<void>((sent) => socket.write(said, () => sent()));
  return socket;
}

const UPGRADE =
  'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const BODY =
  'POST /demo/invitations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{';

it.skipIf(process.platform !== 'linux')(
  'starts with the settings of its memory, in the process that was asked (skipped where there is no /proc)',
  async () => {
    const { child } = await openRound();
    const told = (name: string): string[] => readFileSync(`/proc/${child.pid}/${name}`, 'utf8').split('\0');
    expect(told('cmdline')).toEqual(expect.arrayContaining([...memory.flags, 'start']));
    expect(told('environ')).toContain(`MALLOC_ARENA_MAX=${memory.env['MALLOC_ARENA_MAX']}`);
  },
);

describe('chorale start, on a signal', () => {
  it.each([
    ['was opened ahead of need', ''],
    ['sends half a request', 'GET /healthz HTTP/1.1\r\n'],
    ['stalls within a body', BODY],
    ['does not answer the end of its WebSocket', UPGRADE],
  ])('is not held up by a connection that %s', async (_name, said) => {
    const { child, exited, client, url } = await openRound({ flags: ['--drain-timeout', '1'] });
    const socket = await hold(url, said);
    if (said === UPGRADE) await once(socket, 'data');
    client.close();
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });

  it.skipIf(process.platform !== 'linux')('goes on when its log cannot be written', async () => {
    const { child, exited, client, isUnready } = await openRound({
      logFile: openSync('/dev/full', 'w'),
      flags: ['--log-level', 'info'],
    });
    const update = encodeIntegers(new Int32Array(3));
    // That the round was committed is logged.
    expect(await client.request('update', { study: 'attrition', round: 1, update })).toMatchObject({ ok: true });
    expect(await client.next('round')).toMatchObject({ round: 2 });
    child.kill('SIGTERM');
    // Before it knows of the signal it would open another round, and wait for a client that does not answer.
    await isUnready().toBe(503);
    expect(await client.request('update', { study: 'attrition', round: 2, update })).toMatchObject({ ok: true });
    expect(await exited).toEqual([0, null]);
  });

  it('lets the open round finish, and ends well', async () => {
    const { child, exited, client, isUnready } = await openRound();
    child.kill('SIGTERM');
    await isUnready().toBe(503);
    const update = encodeIntegers(new Int32Array(3));
    expect(await client.request('update', { study: 'attrition', round: 1, update })).toMatchObject({ ok: true });
    expect(await client.next('round-ended')).toMatchObject({ outcome: 'committed' });
    expect(await exited).toEqual([0, null]);
  });

  it('ends at once on another one, but not on the echo of the first', async () => {
    const { child, exited, isUnready } = await openRound();
    child.kill('SIGINT');
    child.kill('SIGTERM');
    await isUnready().toBe(503);
    const again = setInterval(() => child.kill('SIGINT'), 100);
    onTestFinished(() => clearInterval(again));
    expect(await exited).toEqual([1, null]);
  });
});
