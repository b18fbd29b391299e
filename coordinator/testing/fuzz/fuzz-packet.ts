import type { FuzzRandom } from './fuzz-random.ts';
import { mutateBytes, mutateText } from './mutate-bytes.ts';
import { mutateValue, strangeValue, toJson } from './mutate-value.ts';

/** One event as a client means it; `{ _placeholder: true, num }` stands for a binary part. */
export type Message = { args: unknown[]; parts: Buffer[] };

/** What goes over the connection for one packet: a text, or bytes. */
export type Frame = string | Buffer;

/** Socket.io's text of an event, and its binary parts. */
export function encodeMessage({ args, parts }: Message, id: number | null): Frame[] {
  const type = parts.length > 0 ? `45${parts.length}-` : '42';
  return [`${type}${id ?? ''}${toJson(args)}`, ...parts];
}

const RESERVED = new Set(['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener']);

/** A packet that socket.io understands, with something else in it than the coordinator wants. */
export function contentFault(random: FuzzRandom, message: Message): Frame[] {
  const id = random.chance(0.8) ? random.below(1000) : null;
  if (random.chance(0.1)) return encodeMessage(message, id);
  const mutated = mutateValue(random, message.args);
  const [name, ...args] = Array.isArray(mutated) ? mutated : [message.args[0], mutated];
  // An event must have a name, and not one of socket.io's own: the packet itself would be at fault.
  const event = typeof name === 'string' && !RESERVED.has(name) ? name : String(message.args[0]);
  const parts = message.parts.map((part) => (random.chance(0.7) ? mutatedPart(random, part) : part));
  return encodeMessage({ args: [event, ...args.filter((arg: unknown) => isSound(arg, parts.length))], parts }, id);
}

/** A packet that is wrong for socket.io or engine.io: most of them end the connection. */
export function packetFault(random: FuzzRandom, message: Message): Frame[] {
  const [text, ...parts] = encodeMessage(message, random.below(1000)) as [string, ...Buffer[]];
  switch (random.below(12)) {
    case 0:
      return [mutateText(random, text), ...parts];
    case 1:
      return [`4${random.below(10)}${text.slice(2)}`, ...parts];
    case 2:
      return [`${random.below(10)}${text.slice(1)}`, ...parts];
    case 3:
      return [`45${random.pick([0, 2, 11, 99, 1e9, -1, 0.5, 'x'])}-${text.slice(text.indexOf('['))}`, ...parts];
    case 4:
      return [`42${'9'.repeat(1 + random.below(400))}${toJson(message.args)}`, ...parts];
    case 5:
      return [text, ...parts.map((part) => mutateBytes(random, part)), random.bytes(random.below(100))];
    case 6:
      return parts.length > 0 ? [text, text, ...parts] : [Buffer.from(text), text];
    case 7:
      return [`42/${random.pick(['admin', '__proto__', 'x'.repeat(2000), ''])},${toJson(message.args)}`];
    case 8:
      return [`40${toJson(strangeValue(random))}`];
    case 9:
      return [`42${toJson(random.pick([[], [1], [null], [{}], 'x', 7, ['connect', 1], ['disconnect']]))}`];
    case 10:
      return [
        random.pick(['41', '44{}', '1', '2probe', '3', '5', '6', '', '\u001e', '4', '45', '451-', '46', 'b4AAA=']),
      ];
    default:
      return [random.bytes(random.below(2000)).toString('latin1')];
  }
}

function mutatedPart(random: FuzzRandom, part: Buffer): Buffer {
  return random.chance(0.5) ? mutateBytes(random, part) : random.bytes(random.below(200));
}

/** Whether its placeholders are those that there are parts for: socket.io refuses the packet otherwise. */
function isSound(value: unknown, parts: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if ('_placeholder' in value) return 'num' in value && value.num === 0 && parts > 0;
  return Object.values(value).every((inner) => isSound(inner, parts));
}
