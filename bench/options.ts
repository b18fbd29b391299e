import { parseArgs } from 'node:util';
import type { UpdateFormat } from '@chorale/protocol';

/** What the command line may change of a run; `null` is each part's own choice. */
export type BenchOptions = {
  /** Rounds of a long run of one server, for its memory. */
  rounds: number | null;
  parameters: number[] | null;
  clients: number[] | null;
  /** Bits in which an update carries one parameter. */
  bits: UpdateFormat['bits'] | null;
  frames: number | null;
  requests: number | null;
  /** Kills of a coordinator's store, on each kind of store, or of nodes of a cluster. */
  kills: number | null;
  seed: number;
  /** Folder that profiles of the server's CPU are written to. */
  profile: string | null;
  databaseUrl: string | null;
};

const text = { type: 'string' } as const;

/** @throws Error naming the flag that is unknown or out of range. */
export function parseOptions(args: string[]): { parts: string[]; options: BenchOptions } {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: text,
      parameters: text,
      clients: text,
      bits: text,
      frames: text,
      requests: text,
      kills: text,
      seed: text,
      profile: text,
      'database-url': text,
    },
  });
  const options = {
    rounds: numbers('rounds', values.rounds)?.[0] ?? null,
    parameters: numbers('parameters', values.parameters),
    clients: numbers('clients', values.clients),
    bits: bitsOf(values.bits),
    frames: numbers('frames', values.frames)?.[0] ?? null,
    requests: numbers('requests', values.requests)?.[0] ?? null,
    kills: numbers('kills', values.kills)?.[0] ?? null,
    seed: numbers('seed', values.seed)?.[0] ?? 1,
    profile: values.profile ?? null,
    databaseUrl: values['database-url'] ?? null,
  };
  return { parts: positionals, options };
}

function bitsOf(value: string | undefined): UpdateFormat['bits'] | null {
  const bits = ([8, 16, 32] as const).find((known) => String(known) === value);
  if (value !== undefined && bits === undefined) throw new RangeError(`--bits must be 8, 16 or 32, got ${value}`);
  return bits ?? null;
}

/** Whole numbers with commas between them. */
function numbers(flag: string, value: string | undefined): number[] | null {
  if (value === undefined) return null;
  const list = value.split(',').map(Number);
  if (list.some((n) => !Number.isSafeInteger(n) || n < 0)) {
    throw new RangeError(`--${flag} must be whole numbers, got ${value}`);
  }
  return list;
}
