import { limits, packIntegers, PROTOCOL_VERSION, type UpdateFormat } from '@chorale/protocol';
import { childConfig, say, type Said } from '../child.ts';
import { downloadModel, uploadUpdate } from './bulk-http.ts';
import type { FloorConfig } from '../servers/round-floor.ts';
import { clientFrame } from '../../coordinator/testing/fuzz/client-frame.ts';
import { type WireEvent, WireSocket } from './wire-socket.ts';

/** What one process of clients is told to do. */
export type CrowdConfig = {
  url: string;
  /** The coordinator, or the bare program that it is compared with, by the floats that it sends and is sent. */
  target: 'coordinator' | FloorConfig['floats'];
  study: string;
  manifest: string;
  /** One client each. */
  tokens: string[];
  parameters: number;
  /** How the coordinator's clients write an update. */
  format: UpdateFormat;
  /** Invitations, counted from 1, that every client answers only after `release`. */
  holdAt: number[];
  /** Connections that are made at a time. */
  atOnce: number;
};

// Many clients in one process: each joins and answers every invitation with the same bytes, which were
// made ahead. Says `joined`, `held` whenever all are held at an invitation, `committed` once, and
// `told` when it is asked.
const { url, target, study, manifest, tokens, parameters, format, holdAt, atOnce } = await childConfig<CrowdConfig>();
const modelBytes = parameters * (target === 'float64' ? 8 : 4);
const update = updateBytes();
const frame = clientFrame(update);
const isBulk = target === 'coordinator' && update.length > limits.bulkBytes;
const placeholder = { _placeholder: true, num: 0 };

const seen = { firstJoinAt: 0, joinedAt: 0, firstInvitedAt: 0, lastInvitedAt: 0, committedAt: 0, waits: 0 };
const held: (() => void)[] = [];
let committed = 0;

class Client {
  readonly #token: string;
  /** A promise, because an invitation may come before the connection is known to stand. */
  #socket!: Promise<WireSocket>;
  #invitations = 0;
  #commits = 0;

  constructor(token: string) {
    this.#token = token;
  }

  async join(): Promise<void> {
    seen.firstJoinAt ||= now();
    this.#socket = WireSocket.open(url, {
      onEvent: (event) => void this.#hear(event).catch(fail),
      onClose: () => fail(new Error('the server closed a connection')),
    });
    const socket = await this.#socket;
    if (target !== 'coordinator') return;
    check(await socket.request('join', { protocol: PROTOCOL_VERSION, token: this.#token, manifest }));
  }

  async #hear({ name, message, attachmentBytes }: WireEvent): Promise<void> {
    if (name === 'round-ended') {
      if (message['outcome'] === 'abandoned') throw new Error('a round was abandoned');
      if (message['outcome'] === 'committed') this.#committed();
    }
    if (name !== 'round') return;
    seen.firstInvitedAt ||= now();
    seen.lastInvitedAt = now();
    this.#invitations += 1;
    const received = isBulk
      ? await downloadModel(`${url}/api/v1/studies/${study}/models/${Number(message['modelRound'])}`)
      : attachmentBytes;
    if (received !== modelBytes) throw new Error(`the model has ${received} bytes`);
    const contribute = (): void => void this.#contribute(Number(message['round'])).catch(fail);
    if (!holdAt.includes(this.#invitations)) return contribute();
    if (held.push(contribute) === tokens.length) say({ type: 'held' });
  }

  #committed(): void {
    seen.committedAt ||= now();
    this.#commits += 1;
    if (this.#commits === 1 && ++committed === tokens.length) say({ type: 'committed', ...seen });
  }

  async #contribute(round: number): Promise<void> {
    const socket = await this.#socket;
    if (target !== 'coordinator') return socket.emitBytes('update', { message: { update: placeholder }, frame });
    if (isBulk) {
      const address = `${url}/api/v1/studies/${study}/rounds/${round}/update`;
      seen.waits += await uploadUpdate(address, { token: this.#token, bytes: update });
    } else {
      check(await socket.requestBytes('update', { message: { study, round, update: placeholder }, frame }));
    }
  }
}

process.on('disconnect', () => process.exit(0));
process.on('message', ({ type }: Said) => {
  if (type === 'release') held.splice(0).forEach((contribute) => contribute());
  if (type === 'tell') say({ type: 'told', ...seen });
});
await joinAll().catch(fail);

async function joinAll(): Promise<void> {
  const waiting = tokens.map((token) => new Client(token));
  const joinNext = async (): Promise<void> => {
    for (let client = waiting.shift(); client !== undefined; client = waiting.shift()) await client.join();
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, tokens.length) }, joinNext));
  seen.joinedAt = now();
  say({ type: 'joined', ...seen });
}

/** Small numbers that any model takes: integers for the coordinator, floats for the floor. */
function updateBytes(): Uint8Array {
  const values = Array.from({ length: parameters }, (_, i) => ((i * 7919) % 61) - 30);
  if (target === 'float32') return new Uint8Array(Float32Array.from(values).buffer);
  if (target === 'float64') return new Uint8Array(Float64Array.from(values).buffer);
  // Of a coarse grid few coordinates of a long vector are more than zero.
  const integers =
    format.unit === 1 ? values : values.map((x) => (Math.abs(x) % 4 === 0 ? Math.sign(x) * format.unit : 0));
  return packIntegers(Int32Array.from(integers), format);
}

function check(reply: unknown): void {
  const isOk = typeof reply === 'object' && reply !== null && 'ok' in reply && reply.ok === true;
  if (!isOk || 'comeBackMs' in reply) throw new Error(`refused: ${JSON.stringify(reply)}`);
}

/** Milliseconds since 1970: processes compare them. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function fail(error: unknown): void {
  say({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
}
