import canonicalize from 'canonicalize';
import { ChoraleError } from './errors.ts';
import type { Manifest } from './manifest.ts';

/** The manifest's canonical JSON (RFC 8785), the bytes that its identity is the hash of. */
export function canonicalManifest(manifest: Manifest): string {
  return canonicalJson(manifest);
}

/** Canonical JSON (RFC 8785): equal values have equal texts. @throws TypeError for what JSON does not have */
export function canonicalJson(value: object): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('value must be a JSON value');
  return text;
}

/**
 * The study's identity: `sha256-` and the base64 of the SHA-256 of its canonical JSON.
 * @throws ChoraleError `INSECURE_CONTEXT` where the page has no WebCrypto.
 */
export async function manifestHash(manifest: Manifest): Promise<string> {
  return sha256Name(canonicalManifest(manifest));
}

/** `sha256-` and the base64 of the SHA-256 of a text. @throws ChoraleError `INSECURE_CONTEXT` without WebCrypto. */
export async function sha256Name(text: string): Promise<string> {
  return `sha256-${toBase64(await sha256(text))}`;
}

/** SHA-256 of a string's UTF-8 bytes. @throws ChoraleError `INSECURE_CONTEXT` without WebCrypto. */
export async function sha256(text: string): Promise<Uint8Array> {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  if (subtle === undefined) {
    throw new ChoraleError('INSECURE_CONTEXT', 'WebCrypto is missing: serve the page over HTTPS or from localhost');
  }
  return new Uint8Array(await subtle.digest('SHA-256', new TextEncoder().encode(text)));
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
