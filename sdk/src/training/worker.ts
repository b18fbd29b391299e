/// <reference lib="webworker" />
import type { ErrorCode } from '@chorale/protocol';
import * as v from 'valibot';
import { TrainingSession } from './training-session.ts';
import { type WorkerReply, WorkerRequest } from './worker-messages.ts';

declare const self: DedicatedWorkerGlobalScope;

// Between two looks at the messages that came in: often enough for a smooth bar and a quick cancel.
const progressMs = 50;

let session: Promise<TrainingSession> | undefined;
/** One piece of work at a time: an engine's buffers are shared between calls. */
let queue: Promise<void> = Promise.resolve();
const cancels = new Map<number, AbortController>();

self.addEventListener('message', ({ data }) => {
  const request = v.parse(WorkerRequest, data);
  switch (request.type) {
    case 'start':
      session = start(request);
      session.then(
        ({ engine, rows }) => post({ type: 'started', engine, rows }),
        (error: unknown) => post(failure(null, error)),
      );
      break;
    case 'train':
    case 'evaluate':
      cancels.set(request.id, new AbortController());
      queue = queue.then(() => contribute(request));
      break;
    case 'keep':
      queue = queue.then(async () => (await session)?.keep());
      break;
    case 'cancel':
      cancels.get(request.id)?.abort();
      break;
  }
});

async function start(request: Extract<WorkerRequest, { type: 'start' }>): Promise<TrainingSession> {
  const { task, records, noiseless, preferredEngine, candidates, reasonToSave } = request;
  await holdLock(request.lock);
  post({ type: 'alive' });
  return TrainingSession.open({
    task,
    records,
    noiseless,
    preferredEngine,
    candidates,
    reasonToSave,
    onEngine: (engine) => post({ type: 'engine', engine }),
  });
}

/** Resolves once the lock is held; it is never let go. An insecure origin has no locks. */
function holdLock(name: string): Promise<void> {
  const locks: LockManager | undefined = navigator.locks;
  if (locks === undefined) return Promise.resolve();
  return new Promise((resolve, reject) => {
    locks
      .request(name, () => {
        resolve();
        return new Promise(() => {});
      })
      .catch(reject);
  });
}

async function contribute(request: Extract<WorkerRequest, { type: 'train' | 'evaluate' }>): Promise<void> {
  const { id, parameters } = request;
  const { signal } = cancels.get(id)!;
  try {
    signal.throwIfAborted();
    if (session === undefined) throw new Error('the worker was not started');
    const open = await session;
    const integers =
      request.type === 'train'
        ? await open.train({
            parameters,
            modelRound: request.modelRound,
            clippingNorm: request.clippingNorm,
            signal,
            onProgress: reporter(id),
          })
        : await open.evaluate({ parameters, signal });
    self.postMessage({ type: 'done', id, integers } satisfies WorkerReply, [integers.buffer]);
  } catch (error) {
    // Whoever cancelled has stopped listening.
    if (!signal.aborted) post(failure(id, error));
  } finally {
    cancels.delete(id);
  }
}

/** Posts progress now and then, and lets messages in: typed arrays never wait, so a cancel would not be seen. */
function reporter(id: number): (progress: { step: number; steps: number }) => void | Promise<void> {
  let last = performance.now();
  return ({ step, steps }) => {
    const now = performance.now();
    if (now - last < progressMs && step < steps) return undefined;
    last = now;
    post({ type: 'progress', id, step, steps });
    return new Promise((resolve) => setTimeout(resolve));
  };
}

function post(reply: WorkerReply): void {
  self.postMessage(reply);
}

function failure(id: number | null, error: unknown): WorkerReply {
  const code =
    typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
      ? error.code
      : 'INTERNAL';
  return {
    type: 'failed',
    id,
    code: code as ErrorCode,
    message: error instanceof Error ? error.message : String(error),
  };
}
