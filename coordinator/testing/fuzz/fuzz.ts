import { encodeIntegers, type Manifest, manifestHash, PROTOCOL_VERSION, surveyChannels } from '@chorale/protocol';
import type { Store } from '../../src/storage/store.ts';
import { reportText } from '../report-text.ts';
import { FuzzConnection } from './fuzz-connection.ts';
import { contentFault, encodeMessage, type Message, packetFault } from './fuzz-packet.ts';
import { FuzzRandom } from './fuzz-random.ts';
import { type RequestParts, requestFault, type Route, sendRequest } from './fuzz-request.ts';
import { frameFault } from './frame-fault.ts';
import { type fuzzStudies, FUZZ_GROUPS } from './fuzz-studies.ts';
import { type HonestReport, HonestVoices, type Progress, type SignToken, trainHonestly } from './honest-clients.ts';

export type FuzzOptions = {
  url: string;
  studies: ReturnType<typeof fuzzStudies>;
  sign: SignToken;
  seed: number;
  /** Wrong frames over sockets, and wrong requests over HTTP. */
  frames: number;
  requests: number;
  /** Honest reports beside them. */
  reports: number;
  /** Connections that send at a time. */
  atOnce: number;
  onProgress?: (share: number) => void;
  /**
   * Called when a stage is over: nothing wrong is under way, and honest clients wait.
   * @param share how much of the fuzzing is done; 1 at the end
   */
  onRest?: (share: number) => Promise<void>;
};

/** Shares of the fuzzing after which the coordinator is given a rest. What it keeps for good it has after the first. */
const STAGES = [0.2, 1] as const;

/** What honest clients sent beside the fuzzing, and nothing else may be counted. */
export type FuzzResult = {
  frames: number;
  connections: number;
  requests: number;
  /** Answers to wrong requests by status; `null` for those that got none. */
  statuses: Map<number | null, number>;
  reports: HonestReport[];
  model: Float32Array;
};

/**
 * Sends wrong frames and requests at every layer while honest clients report and train.
 * @throws Error when an honest client is refused, or the coordinator neither answers nor closes a connection
 */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { url, studies, sign, seed, frames, requests } = options;
  const random = new FuzzRandom(seed);
  const meter = new Meter(frames + requests, options.onProgress);
  const voices = new HonestVoices(url, { manifest: studies.voices, sign });
  try {
    // Sent first: fuzzers replay them.
    for (let i = 0; i < 5; i += 1) await voices.report();
    const messages = await validMessages(options, voices.sent);
    const training = trainHonestly(url, { manifest: studies.rounds, sign, progress: meter });
    const reporting = reportAlong(voices, options.reports, meter);
    const sent = { frames: 0, connections: 0, requests: 0, statuses: new Map<number | null, number>() };
    const parts = await requestParts(options, messages);
    const fuzzing = async (): Promise<void> => {
      for (const share of STAGES) {
        const until = { frames: Math.round(frames * share), requests: Math.round(requests * share) };
        const workers = Array.from({ length: options.atOnce }, () => [
          sendFrames(random.branch(), { url, messages, frames: until.frames, sent, meter }),
          sendRequests(random.branch(), { url, parts, requests: until.requests, sent, meter }),
        ]);
        await Promise.all(workers.flat());
        await options.onRest?.(share);
      }
      meter.finish();
    };
    const [model] = await Promise.all([training, reporting, fuzzing()]);
    return { ...sent, reports: voices.sent, model };
  } finally {
    meter.finish();
    voices.close();
  }
}

/**
 * What is wrong with the store of a coordinator that was fuzzed and has stopped; nothing when it holds
 * exactly what the honest clients sent.
 */
export async function storedFaults(store: Store, { reports, model }: FuzzResult): Promise<string[]> {
  const faults: string[] = [];
  const stored = await store.readReports('voices', { after: 0, limit: reports.length + 1000 });
  const honest = new Map(reports.map(({ participant, text }) => [participant, text]));
  for (const { participant, text } of stored) {
    if (honest.get(participant) !== text) faults.push(`a report of ${participant} was counted that nobody honest sent`);
  }
  if (stored.length !== honest.size) faults.push(`${stored.length} reports are stored, ${honest.size} were sent`);
  const latest = await store.latestModel('rounds');
  const isExact = latest !== null && Buffer.from(latest.parameters.buffer).equals(Buffer.from(model.buffer));
  if (!isExact) faults.push('the model is not what the honest updates alone give');
  return faults;
}

type Sent = { frames: number; connections: number; requests: number; statuses: Map<number | null, number> };

async function sendFrames(
  random: FuzzRandom,
  {
    url,
    messages,
    frames,
    sent,
    meter,
  }: { url: string; messages: Message[]; frames: number; sent: Sent; meter: Meter },
): Promise<void> {
  while (sent.frames < frames) {
    const connection = await FuzzConnection.open(url);
    if (connection === null) throw new Error('the coordinator takes no connection');
    sent.connections += 1;
    const count = Math.min(1 + random.below(30), frames - sent.frames);
    sent.frames += count;
    if (random.chance(0.5)) connection.send(encodeMessage(joinOf(random, messages), 1));
    for (let i = 1; i < count; i += 1) connection.send(contentFault(random, random.pick(messages)));
    await connection.settled();
    // At the end: most of these end the connection.
    if (random.chance(0.7)) {
      connection.send(packetFault(random, random.pick(messages)));
      if (random.chance(0.5)) await connection.settled();
    } else connection.write(frameFault(random, JSON.stringify(random.pick(messages).args)));
    await connection.drop();
    meter.add(count);
  }
}

async function sendRequests(
  random: FuzzRandom,
  {
    url,
    parts,
    requests,
    sent,
    meter,
  }: { url: string; parts: RequestParts; requests: number; sent: Sent; meter: Meter },
): Promise<void> {
  while (sent.requests < requests) {
    sent.requests += 1;
    const status = await sendRequest(url, requestFault(random, parts));
    sent.statuses.set(status, (sent.statuses.get(status) ?? 0) + 1);
    meter.add(1);
  }
}

async function reportAlong(voices: HonestVoices, reports: number, progress: Progress): Promise<void> {
  for (let i = 1; i <= reports; i += 1) {
    await progress.reach(i / reports);
    await voices.report();
  }
}

/** Valid messages to start from: of invited fuzzers, and honest ones that were answered already. */
async function validMessages({ studies, sign }: FuzzOptions, honest: HonestReport[]): Promise<Message[]> {
  const { bait } = studies;
  const baitHash = await manifestHash(bait);
  const channels = surveyChannels(bait.survey!);
  const messages: Message[] = [];
  const protocol = PROTOCOL_VERSION;
  for (let i = 0; i < 20; i += 1) {
    const token = await sign({ study: bait.id, sub: `fuzzer-${i}-of-all`, group: FUZZ_GROUPS.bait });
    const report = reportText({ manifest: bait, hash: baitHash, channels }, { stay: false, workload: 1 });
    messages.push({ args: ['join', { protocol, token, manifest: baitHash }], parts: [] });
    messages.push({ args: ['report', { protocol, token, report }], parts: [] });
  }
  for (const { token, text } of honest)
    messages.push({ args: ['report', { protocol, token, report: text }], parts: [] });
  for (const study of ['bait', 'rounds', 'voices']) {
    for (const round of [1, 2, 3, 1000]) {
      const update = { _placeholder: true, num: 0 };
      const part = Buffer.from(encodeIntegers(Int32Array.from([1, -2, 3])));
      messages.push({ args: ['update', { study, round, update }], parts: [part] });
      messages.push({ args: ['decline', { study, round, code: 'BUDGET_EXCEEDED' }], parts: [] });
    }
    messages.push({ args: ['leave', { study }], parts: [] });
  }
  for (const i of [1, 2])
    messages.push({ args: ['withdrawal', { protocol, secret: String(i).repeat(64) }], parts: [] });
  return messages;
}

function joinOf(random: FuzzRandom, messages: Message[]): Message {
  return random.pick(messages.filter(({ args }) => args[0] === 'join'));
}

/** Every route that the coordinator describes, and socket.io's polling. */
async function requestParts({ url, studies }: FuzzOptions, messages: Message[]): Promise<RequestParts> {
  const response = await fetch(new URL('/api/v1/openapi.json', url));
  const { paths } = (await response.json()) as { paths: Record<string, Record<string, unknown>> };
  const routes = Object.entries(paths).flatMap(([path, methods]): Route[] =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
  );
  const polling = '/socket.io/?EIO=4&transport=polling';
  routes.push({ method: 'GET', path: polling }, { method: 'POST', path: `${polling}&sid=x` });
  const tokens = messages.flatMap(({ args }) => Object.entries(args[1] as object).filter(([key]) => key === 'token'));
  return {
    routes,
    studies: ['voices', 'rounds', 'bait', 'unknown'],
    tokens: tokens.map(([, token]) => String(token)),
    bodies: [...Object.values(studies as Record<string, Manifest>), ...messages.flatMap(bodiesOf)],
  };
}

/** A message as it is, and as the body of a request, whose token is in a header. */
function bodiesOf({ args }: Message): unknown[] {
  const { token: _, ...body } = args[1] as Record<string, unknown>;
  return [args, body];
}

/** How much of the fuzzing is done, for those who wait for a part of it. */
class Meter implements Progress {
  readonly #total: number;
  readonly #onProgress: ((share: number) => void) | undefined;
  #done = 0;
  #waiting: { share: number; resolve: () => void }[] = [];

  constructor(total: number, onProgress: ((share: number) => void) | undefined) {
    this.#total = Math.max(1, total);
    this.#onProgress = onProgress;
  }

  add(count: number): void {
    this.#done += count;
    this.#onProgress?.(Math.min(1, this.#done / this.#total));
    this.#release();
  }

  /** Nobody waits any longer, whatever was skipped. */
  finish(): void {
    this.#done = Infinity;
    this.#release();
  }

  reach(share: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ share, resolve });
      this.#release();
    });
  }

  #release(): void {
    const share = this.#done / this.#total;
    const due = this.#waiting.filter((waiting) => waiting.share <= share);
    this.#waiting = this.#waiting.filter((waiting) => waiting.share > share);
    for (const { resolve } of due) resolve();
  }
}
