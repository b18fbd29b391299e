import type { RandomSource } from '@chorale/privacy';
import {
  ChoraleError,
  type ClientToServerEvents,
  type ErrorCode,
  type JoinMessage,
  PROTOCOL_VERSION,
  ReplyShape,
  type ServerToClientEvents,
  type UpdateMessage,
} from '@chorale/protocol';
import { io, type Socket } from 'socket.io-client';
import * as v from 'valibot';
import { abortable, delay } from '../abortable.ts';
import { backoffMs, type BackoffOptions } from './backoff.ts';
import { apiUrl } from './fetch-study.ts';
import { connectOnce, type RoundListeners, subscribeRounds } from './round-subscription.ts';

export type ChoraleSocket = Socket<ServerToClientEvents, ClientToServerEvents>;

/** A failed attempt that will be repeated. */
export type Retry = { error: ChoraleError; waitMs: number };

export type RequestOptions = {
  /** Without it the request is repeated until it is answered. */
  signal?: AbortSignal | undefined;
  onRetry?: ((retry: Retry) => void) | undefined;
  /** Awaited before each attempt, such as for having joined. */
  ready?: (() => Promise<void>) | undefined;
};

export type ConnectionOptions = {
  coordinator: string | URL;
  token: string;
  random: RandomSource;
  /** How long one attempt to connect, and one request, may take. */
  timeoutMs?: number;
  backoff?: BackoffOptions;
};

/** The coordinator could not be reached or could not answer just now: the same request may succeed later. */
const retryable: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['CONNECTION_LOST', 'INTERNAL', 'STORAGE_UNAVAILABLE']);

type Emit = (socket: ReturnType<ChoraleSocket['timeout']>) => Promise<unknown>;

const ReportReply = v.object({ ok: v.literal(true), duplicate: v.boolean(), receivedAt: v.string() });
const JoinReply = v.object({ ok: v.literal(true), committedRounds: v.number(), done: v.boolean() });
const UpdateReply = v.object({ ok: v.literal(true), duplicate: v.boolean() });
const EmptyReply = v.object({ ok: v.literal(true) });

/**
 * The device's socket to its coordinator. It connects when something is asked of it, and repeats
 * requests, the very same bytes, until there is an answer: each may arrive twice.
 */
export class CoordinatorConnection {
  readonly #socket: ChoraleSocket;
  readonly #token: string;
  readonly #random: RandomSource;
  readonly #timeoutMs: number;
  readonly #backoff: BackoffOptions;

  constructor({
    coordinator,
    token,
    random,
    timeoutMs = 15_000,
    backoff = { firstMs: 500, longestMs: 30_000 },
  }: ConnectionOptions) {
    const url = apiUrl(coordinator, 'socket.io/');
    this.#token = token;
    this.#random = random;
    this.#timeoutMs = timeoutMs;
    this.#backoff = backoff;
    this.#socket = io(url.origin, {
      path: url.pathname,
      autoConnect: false,
      // A connection of its own, so that closing it touches nobody else's.
      forceNew: true,
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      timeout: timeoutMs,
      reconnectionDelay: backoff.firstMs,
      reconnectionDelayMax: backoff.longestMs,
    });
  }

  get connected(): boolean {
    return this.#socket.connected;
  }

  /**
   * One attempt to hand over a report's text; it is stored there when this resolves.
   * @throws ChoraleError `CONNECTION_LOST`, or the coordinator's refusal.
   */
  sendReport(
    report: string,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<{ duplicate: boolean; receivedAt: string }> {
    const message = { protocol: PROTOCOL_VERSION, token: this.#token, report } as const;
    return this.#attempt((socket) => socket.emitWithAck('report', message), ReportReply, signal);
  }

  /** Offers to train; to be repeated after each reconnect. @throws ChoraleError when refused for good. */
  join(manifest: string, options: RequestOptions = {}): Promise<{ committedRounds: number; done: boolean }> {
    const message: JoinMessage = { protocol: PROTOCOL_VERSION, token: this.#token, manifest };
    return this.#request((socket) => socket.emitWithAck('join', message), JoinReply, options);
  }

  /** Sends a contribution to a round. @throws ChoraleError when refused for good. */
  sendUpdate(
    { study, round, update }: { study: string; round: number; update: Uint8Array },
    options: RequestOptions = {},
  ): Promise<{ duplicate: boolean }> {
    // Updates are made and stored on this device, never in memory that is shared.
    const message: UpdateMessage = { study, round, update: update as Uint8Array<ArrayBuffer> };
    return this.#request((socket) => socket.emitWithAck('update', message), UpdateReply, options);
  }

  /** Tells that no contribution to a round will come. @throws ChoraleError when refused for good. */
  async decline(
    message: { study: string; round: number; code: ErrorCode },
    options: RequestOptions = {},
  ): Promise<void> {
    await this.#request((socket) => socket.emitWithAck('decline', message), EmptyReply, options);
  }

  /** Gives the seat up; a coordinator that does not hear it sees the disconnect. */
  leave(study: string): void {
    if (this.#socket.connected) this.#socket.emit('leave', { study });
  }

  /** Connects and stays connected, reporting what arrives until the returned function is called. */
  subscribe(listeners: RoundListeners): () => void {
    return subscribeRounds(this.#socket, listeners, { waitMs: () => backoffMs(0, this.#backoff, this.#random) });
  }

  /** Lets go of the socket; the next request connects again. */
  disconnect(): void {
    this.#socket.disconnect();
  }

  /**
   * Repeats what failed for want of a connection, or because the coordinator is busy, after longer and
   * longer waits.
   * @throws whatever else `attempt` throws; the signal's reason.
   */
  async repeat<T>(attempt: () => Promise<T>, { signal, onRetry }: RequestOptions): Promise<T> {
    for (let failed = 0; ; failed += 1) {
      try {
        return await attempt();
      } catch (error) {
        signal?.throwIfAborted();
        if (!isRetryable(error)) throw error;
        const waitMs = Math.max(error.retryAfterMs ?? 0, backoffMs(failed, this.#backoff, this.#random));
        onRetry?.({ error, waitMs });
        await delay(waitMs, signal);
      }
    }
  }

  #request<S extends v.GenericSchema>(emit: Emit, schema: S, options: RequestOptions): Promise<v.InferOutput<S>> {
    return this.repeat(async () => {
      await options.ready?.();
      return this.#attempt(emit, schema, options.signal);
    }, options);
  }

  async #attempt<S extends v.GenericSchema>(
    emit: Emit,
    schema: S,
    signal: AbortSignal | undefined,
  ): Promise<v.InferOutput<S>> {
    await this.#connect(signal);
    return parseReply(schema, await abortable(acknowledged(emit(this.#socket.timeout(this.#timeoutMs))), signal));
  }

  /** @throws ChoraleError `CONNECTION_LOST` when this attempt fails; the next one may succeed. */
  async #connect(signal: AbortSignal | undefined): Promise<void> {
    const socket = this.#socket;
    if (socket.connected) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onError = (cause: Error): void =>
      reject(new ChoraleError('CONNECTION_LOST', 'the coordinator cannot be reached', { cause }));
    socket.once('connect', resolve);
    socket.once('connect_error', onError);
    try {
      connectOnce(socket);
      await abortable(promise, signal);
    } finally {
      socket.off('connect', resolve);
      socket.off('connect_error', onError);
    }
  }
}

/** Whether the same request may succeed later. */
export function isRetryable(error: unknown): error is ChoraleError {
  return error instanceof ChoraleError && (retryable.has(error.code) || error.retryAfterMs !== undefined);
}

/** The only way that an acknowledgement fails is that it does not come in time, or the socket closes first. */
function acknowledged(reply: Promise<unknown>): Promise<unknown> {
  return reply.catch((cause: unknown) => {
    throw new ChoraleError('CONNECTION_LOST', 'the coordinator did not answer', { cause });
  });
}

function parseReply<S extends v.GenericSchema>(schema: S, data: unknown): v.InferOutput<S> {
  const reply = v.safeParse(ReplyShape, data);
  if (reply.success && !reply.output.ok) {
    const { code, message, retryAfterMs } = reply.output.error;
    throw new ChoraleError(code, message, retryAfterMs === undefined ? {} : { retryAfterMs });
  }
  const result = v.safeParse(schema, data);
  if (!result.success) throw new ChoraleError('MESSAGE_MALFORMED', `reply: ${result.issues[0].message}`);
  return result.output;
}
