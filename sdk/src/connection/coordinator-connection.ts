import type { RandomSource } from '@chorale/privacy';
import {
  ChoraleError,
  type ClientToServerEvents,
  type ErrorCode,
  type JoinMessage,
  limits,
  PROTOCOL_VERSION,
  type RoundMessage,
  type ServerToClientEvents,
  type UpdateMessage,
} from '@chorale/protocol';
import { io, type Socket } from 'socket.io-client';
import type * as v from 'valibot';
import { abortable } from '../abortable.ts';
import { lazyPart } from '../lazy-part.ts';
import { apiUrl, type Transfer } from './api-request.ts';
import { backoffMs, type BackoffOptions, DEFAULT_BACKOFF, staggeredMs } from './backoff.ts';
import { EmptyReply, JoinReply, parseReply, UpdateReply } from './replies.ts';
import { repeatRequest, type RequestOptions } from './retry.ts';
import { connectOnce, type RoundListeners, subscribeRounds } from './round-subscription.ts';

export type ChoraleSocket = Socket<ServerToClientEvents, ClientToServerEvents>;

export type ConnectionOptions = {
  coordinator: string | URL;
  token: string;
  random: RandomSource;
  /** How long one attempt to connect, and one request, may take. */
  timeoutMs?: number;
  backoff?: BackoffOptions;
};

type Emit = (socket: ReturnType<ChoraleSocket['timeout']>) => Promise<unknown>;

/**
 * How a client was received: with a seat, told to come back after so many milliseconds, or told that it has
 * contributed as often as it may.
 */
export type Joined = { committedRounds: number; done: boolean; usedUp: boolean; comeBackMs: number | null };

/**
 * The device's socket to its coordinator, and its requests for what is too large for one. It connects when
 * something is asked of it, and repeats requests, the very same bytes, until there is an answer: each may
 * arrive twice.
 */
export class CoordinatorConnection {
  readonly #coordinator: string | URL;
  readonly #socket: ChoraleSocket;
  readonly #token: string;
  readonly #random: RandomSource;
  readonly #timeoutMs: number;
  readonly #backoff: BackoffOptions;
  /** Requests on the socket that have no answer yet. */
  #unanswered = 0;
  #disconnectsWhenIdle = false;
  /** Until when a node that is unavailable asked to be left alone, on the clock of `performance.now`. */
  #restUntil = 0;

  constructor({ coordinator, token, random, timeoutMs = 15_000, backoff = DEFAULT_BACKOFF }: ConnectionOptions) {
    const url = apiUrl(coordinator, 'socket.io/');
    this.#coordinator = coordinator;
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

  /** Offers to train; to be repeated after each reconnect. @throws ChoraleError when refused for good. */
  async join(manifest: string, options: RequestOptions = {}): Promise<Joined> {
    const message: JoinMessage = { protocol: PROTOCOL_VERSION, token: this.#token, manifest };
    const { committedRounds, done, comeBackMs, usedUp } = await this.repeat(
      () =>
        this.#attempt((socket) => socket.emitWithAck('join', message), JoinReply, options.signal).catch(
          (error: unknown) => this.#tryAnother(error),
        ),
      options,
    );
    if (comeBackMs === undefined) return { committedRounds, done, usedUp, comeBackMs: null };
    // Nobody is asked to come back at once; who would obey it would never rest.
    const awayMs = staggeredMs(Math.max(comeBackMs, this.#backoff.firstMs), this.#random);
    return { committedRounds, done, usedUp, comeBackMs: awayMs };
  }

  /**
   * The model of a round: what came with the invitation, or what is fetched because it was too large for it.
   * @param modelBytes its size; nothing longer is read.
   * @throws ChoraleError when refused for good, `ROUND_CLOSED` once the round is over.
   */
  async model(
    { study, model, modelRound }: Pick<RoundMessage, 'study' | 'model' | 'modelRound'>,
    { modelBytes, ...options }: RequestOptions & { modelBytes: number },
  ): Promise<Uint8Array> {
    if (model !== null) return model;
    return this.repeat(async () => {
      const { fetchModel } = await lazyPart(import('./bulk-transfer.ts'));
      return fetchModel({ ...this.#transfer(study, options.signal), modelRound, modelBytes });
    }, options);
  }

  /**
   * Sends a contribution to a round: on the socket, or by a request of its own, which needs no seat, where
   * it is larger than `limits.bulkBytes`.
   * @throws ChoraleError when refused for good.
   */
  sendUpdate(
    { study, round, update }: { study: string; round: number; update: Uint8Array },
    options: RequestOptions = {},
  ): Promise<{ duplicate: boolean }> {
    if (update.byteLength > limits.bulkBytes) {
      return this.repeat(async () => {
        const { postUpdate } = await lazyPart(import('./bulk-transfer.ts'));
        return postUpdate({ ...this.#transfer(study, options.signal), round, update, token: this.#token });
      }, options);
    }
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
    this.#disconnectsWhenIdle = false;
    const waitMs = (): number =>
      Math.max(this.#restUntil - performance.now(), backoffMs(0, this.#backoff, this.#random));
    return subscribeRounds(this.#socket, listeners, { waitMs });
  }

  /** Lets go of the socket; the next request connects again. */
  disconnect(): void {
    this.#socket.disconnect();
  }

  /** The same, but not before requests that are under way have their answers. */
  disconnectWhenIdle(): void {
    this.#disconnectsWhenIdle = true;
    if (this.#unanswered === 0) this.disconnect();
  }

  /** See `repeatRequest`. */
  repeat<T>(attempt: () => Promise<T>, options: RequestOptions): Promise<T> {
    return repeatRequest(attempt, { ...options, backoff: this.#backoff, random: this.#random });
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
    this.#unanswered += 1;
    try {
      await this.#connect(signal);
      return parseReply(schema, await abortable(acknowledged(emit(this.#socket.timeout(this.#timeoutMs))), signal));
    } finally {
      this.#unanswered -= 1;
      if (this.#unanswered === 0 && this.#disconnectsWhenIdle) this.disconnect();
    }
  }

  /** Who got no seat has none to lose: of several nodes behind one address, another may have one. */
  #tryAnother(error: unknown): never {
    if (error instanceof ChoraleError && error.code === 'UNAVAILABLE' && this.#unanswered === 0) {
      this.#restUntil = performance.now() + staggeredMs(error.retryAfterMs ?? 0, this.#random);
      this.disconnect();
    }
    throw error;
  }

  #transfer(study: string, signal: AbortSignal | undefined): Transfer {
    return { coordinator: this.#coordinator, study, timeoutMs: this.#timeoutMs, signal };
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

/** The only way that an acknowledgement fails is that it does not come in time, or the socket closes first. */
function acknowledged(reply: Promise<unknown>): Promise<unknown> {
  return reply.catch((cause: unknown) => {
    throw new ChoraleError('CONNECTION_LOST', 'the coordinator did not answer', { cause });
  });
}
