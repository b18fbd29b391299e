import { ChoraleError } from '@chorale/protocol';
import { pack, unpack } from './packing.ts';

/** A record as it lies in the database: AES-GCM of its bytes. */
export type Sealed = { iv: Uint8Array<ArrayBuffer>; data: ArrayBuffer };

/** Where a record belongs; what was sealed for one place is not read at another. */
export type Place = { store: string; key: string };

/** A new key that no script can read, only use. */
export function newSealingKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}

export function isSealed(value: unknown): value is Sealed {
  return typeof value === 'object' && value !== null && 'iv' in value && 'data' in value;
}

/** @throws TypeError for what cannot be packed */
export async function seal(key: CryptoKey | null, value: unknown, place: Place): Promise<Sealed> {
  if (key === null) throw keyLost();
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { iv, data: await crypto.subtle.encrypt(parameters(iv, place), key, pack(value)) };
}

/** @throws ChoraleError `STORAGE_KEY_LOST` where the key does not fit */
export async function unseal(key: CryptoKey | null, sealed: Sealed, place: Place): Promise<unknown> {
  if (key === null) throw keyLost();
  try {
    return unpack(await crypto.subtle.decrypt(parameters(sealed.iv, place), key, sealed.data));
  } catch (cause) {
    throw keyLost(cause);
  }
}

function parameters(iv: Uint8Array<ArrayBuffer>, { store, key }: Place): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(`${store}\n${key}`) };
}

function keyLost(cause?: unknown): ChoraleError {
  return new ChoraleError('STORAGE_KEY_LOST', 'storage: what this browser keeps can no longer be decrypted', { cause });
}
