import { ChoraleError } from '@chorale/protocol';

/**
 * A response's body, of which never more than `limitBytes` are kept.
 * @returns `null` for a longer one, which is given up as soon as that is seen.
 * @throws ChoraleError `CONNECTION_LOST` when it breaks off.
 */
export async function cappedBody(
  response: Response,
  { limitBytes }: { limitBytes: number },
): Promise<Uint8Array<ArrayBuffer> | null> {
  const reader = response.body?.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    let isLonger = Number(response.headers.get('content-length') ?? 0) > limitBytes;
    // Not every browser iterates over a stream.
    while (!isLonger) {
      const part = await reader?.read();
      if (part === undefined || part.done) return joined(parts, length);
      length += part.value.byteLength;
      isLonger = length > limitBytes;
      parts.push(part.value);
    }
    await reader?.cancel();
    return null;
  } catch (cause) {
    throw new ChoraleError('CONNECTION_LOST', 'the connection broke', { cause });
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    body.set(part, offset);
    offset += part.byteLength;
  }
  return body;
}
