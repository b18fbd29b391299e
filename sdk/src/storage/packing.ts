// Records as bytes: JSON, and the bytes of typed arrays behind it, which would take several times as long as text.

const arrays = { Float32Array, Float64Array, Int32Array, Uint8Array, Uint16Array, Uint32Array };
type Kind = keyof typeof arrays;
type Placeholder = { $array: Kind; at: number; bytes: number };

/**
 * Packs plain data and typed arrays.
 * @throws TypeError for what would not come back as it was: functions, bigints, numbers that are not finite, other buffers.
 */
export function pack(value: unknown): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  let at = 0;
  const text = JSON.stringify(value, (_, part: unknown) => {
    if (ArrayBuffer.isView(part)) {
      const $array = part.constructor.name as Kind;
      if (!(part instanceof arrays[$array])) throw new TypeError(`value must hold typed arrays alone, got ${$array}`);
      const placeholder: Placeholder = { $array, at, bytes: part.byteLength };
      parts.push(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
      at += part.byteLength;
      return placeholder;
    }
    const isLost = typeof part === 'function' || typeof part === 'bigint' || Number.isNaN(part) || part === Infinity;
    if (isLost || part === -Infinity || part instanceof ArrayBuffer) throw new TypeError('value must be plain data');
    return part;
  });
  const json = new TextEncoder().encode(text);
  const packed = new Uint8Array(4 + json.length + at);
  new DataView(packed.buffer).setUint32(0, json.length);
  packed.set(json, 4);
  let offset = 4 + json.length;
  for (const part of parts) {
    packed.set(part, offset);
    offset += part.length;
  }
  return packed;
}

/** What `pack` packed. @throws SyntaxError or RangeError for other bytes */
export function unpack(packed: ArrayBuffer): unknown {
  const start = 4 + new DataView(packed).getUint32(0);
  const text = new TextDecoder().decode(new Uint8Array(packed, 4, start - 4));
  return JSON.parse(text, (_, part: unknown) => {
    if (typeof part !== 'object' || part === null || !('$array' in part)) return part;
    const { $array, at, bytes } = part as Placeholder;
    return new arrays[$array](packed.slice(start + at, start + at + bytes));
  });
}
