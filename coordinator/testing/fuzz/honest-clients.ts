import {
  encodeIntegers,
  manifestHash,
  PROTOCOL_VERSION,
  surveyChannels,
  type Manifest,
  type RoundMessage,
} from '@chorale/protocol';
import { initialOptimizer, nextModel, type ServerModel } from '@chorale/training';
import { io, type Socket } from 'socket.io-client';
import { initialParameters } from '../../src/rounds/model.ts';
import { reportText } from '../report-text.ts';
import { TRAINERS } from './fuzz-studies.ts';

/** How far the fuzzing is, from 0 to 1: honest clients go about their business all along. */
export type Progress = { reach(share: number): Promise<void> };

export type SignToken = (claims: { study: string; sub: string; group: string }) => Promise<string>;

type Reply = { ok: boolean; duplicate?: boolean; error?: { code: string } };

/** One device's report, as it was acknowledged. */
export type HonestReport = { participant: string; token: string; text: string };

const REPLY_MS = 60_000;

/** Devices that answer a survey, each once. */
export class HonestVoices {
  readonly sent: HonestReport[] = [];
  readonly #socket: Socket;
  readonly #manifest: Manifest;
  readonly #sign: SignToken;

  constructor(url: string, { manifest, sign }: { manifest: Manifest; sign: SignToken }) {
    this.#socket = openSocket(url);
    this.#manifest = manifest;
    this.#sign = sign;
  }

  /** @throws Error when it is not acknowledged as the first of its device. */
  async report(): Promise<HonestReport> {
    const manifest = this.#manifest;
    const token = await this.#sign({ study: manifest.id, sub: `honest-${this.sent.length}`, group: 'sales' });
    const study = { manifest, hash: await manifestHash(manifest), channels: surveyChannels(manifest.survey!) };
    const text = reportText(study, { stay: true, workload: 3, hours: 40, improve: 'pay' });
    const message = { protocol: PROTOCOL_VERSION, token, report: text };
    const reply = (await this.#socket.timeout(REPLY_MS).emitWithAck('report', message)) as Reply;
    if (!reply.ok || reply.duplicate !== false)
      throw new Error(`an honest report was not taken: ${JSON.stringify(reply)}`);
    const report = { participant: subjectOf(token), token, text };
    this.sent.push(report);
    return report;
  }

  close(): void {
    this.#socket.close();
  }
}

/**
 * Trains all rounds of a study with known updates.
 * @returns the parameters that these updates alone give
 * @throws Error when the coordinator refuses an honest update or abandons a round
 */
export async function trainHonestly(
  url: string,
  { manifest, sign, progress }: { manifest: Manifest; sign: SignToken; progress: Progress },
): Promise<Float32Array> {
  const task = manifest.training!;
  const hash = await manifestHash(manifest);
  const trainers = Array.from({ length: TRAINERS }, (_, i) => trainRounds(url, { i, manifest, hash, sign, progress }));
  await Promise.all(trainers);
  let model: ServerModel = { parameters: initialParameters(task, hash), optimizer: initialOptimizer(task) };
  for (let round = 1; round <= task.rounds; round += 1) {
    const sum = new Float64Array(model.parameters.length);
    for (let i = 0; i < TRAINERS; i += 1) updateOf(i, round, sum.length).forEach((value, j) => (sum[j]! += value));
    model = nextModel(task, model, { sum, totalWeight: TRAINERS });
  }
  return model.parameters;
}

async function trainRounds(
  url: string,
  {
    i,
    manifest,
    hash,
    sign,
    progress,
  }: { i: number; manifest: Manifest; hash: string; sign: SignToken; progress: Progress },
): Promise<void> {
  const socket = openSocket(url);
  const request = (event: string, message: object) =>
    socket.timeout(REPLY_MS).emitWithAck(event, message) as Promise<Reply>;
  const study = manifest.id;
  const { rounds } = manifest.training!;
  const contribute = async ({ round, model }: RoundMessage): Promise<void> => {
    await progress.reach(round / rounds);
    const length = (model as Uint8Array).byteLength / 4;
    const reply = await request('update', { study, round, update: encodeIntegers(updateOf(i, round, length)) });
    if (!reply.ok || reply.duplicate !== false)
      throw new Error(`an honest update was not taken: ${JSON.stringify(reply)}`);
  };
  const ended = new Promise<void>((resolve, reject) => {
    socket.on('round', (message: RoundMessage) => void contribute(message).catch(reject));
    socket.on('round-ended', ({ outcome }: { outcome: string }) => {
      if (outcome === 'abandoned') reject(new Error('a round of honest clients was abandoned'));
    });
    socket.on('training-done', () => resolve());
    socket.on('disconnect', (reason) => reject(new Error(`an honest client lost its connection: ${reason}`)));
  });
  try {
    const token = await sign({ study, sub: `trainer-${i}-of-all`, group: 'north' });
    const reply = await request('join', { protocol: PROTOCOL_VERSION, token, manifest: hash });
    if (!reply.ok) throw new Error(`an honest client could not join: ${JSON.stringify(reply)}`);
    await ended;
  } finally {
    socket.removeAllListeners();
    socket.close();
  }
}

/** What trainer `i` sends in a round: different for each, and small. */
function updateOf(i: number, round: number, length: number): Int32Array {
  return Int32Array.from({ length }, (_, j) => (((i + 1) * 1009 + round * 131 + j * 17) % 2003) - 1001);
}

/** The participant that a token is for: whoever signs it may have changed the name. */
function subjectOf(token: string): string {
  const { sub } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { sub: string };
  return sub;
}

function openSocket(url: string): Socket {
  return io(url, { transports: ['websocket'], forceNew: true, reconnection: false });
}
