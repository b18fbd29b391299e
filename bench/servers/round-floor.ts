import type { Server, Socket } from 'socket.io';
import { childConfig } from '../child.ts';
import { serveBare } from './bare-server.ts';

/** What the program needs to know: size of the model, clients of a round, and the floats that both sides send. */
export type FloorConfig = { parameters: number; clients: number; floats: 'float32' | 'float64' };

// The least that a round can cost with socket.io: sends the model to all, adds their vectors up, applies
// the mean and starts again. No identities, limits, checks, deadlines, records or second chances.
const config = await childConfig<FloorConfig>();
const { parameters, clients } = config;
const Floats = config.floats === 'float32' ? Float32Array : Float64Array;
const model = new Floats(parameters);
const sum = new Float64Array(parameters);
let round = 0;
let missing = clients;
let connected = 0;

const startRound = (io: Server): void => {
  round += 1;
  missing = clients;
  io.emit('round', { round, model: Buffer.from(model.buffer) });
};

const add = (io: Server, update: Buffer): void => {
  const vector = floats(update);
  for (let i = 0; i < parameters; i += 1) sum[i]! += vector[i]!;
  missing -= 1;
  if (missing > 0) return;
  for (let i = 0; i < parameters; i += 1) model[i]! += sum[i]! / clients;
  sum.fill(0);
  startRound(io);
};

await serveBare({ largestMessage: model.byteLength + 1024 }, (io) =>
  io.on('connection', (socket: Socket) => {
    socket.on('update', ({ update }: { update: Buffer }) => add(io, update));
    connected += 1;
    if (connected === clients) setImmediate(startRound, io);
  }),
);

/** The floats in place where their bytes allow it, else copied. */
function floats(bytes: Buffer): Float32Array | Float64Array {
  const isAligned = bytes.byteOffset % Floats.BYTES_PER_ELEMENT === 0;
  return isAligned
    ? new Floats(bytes.buffer as ArrayBuffer, bytes.byteOffset, parameters)
    : new Floats(Uint8Array.from(bytes).buffer);
}
