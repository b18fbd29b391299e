import { ChoraleError, InvitationClaims, limits } from '@chorale/protocol';
import { jwtVerify, SignJWT } from 'jose';
import * as v from 'valibot';

const HMAC = { name: 'HMAC', hash: 'SHA-256' } as const;

/** Tokens that are known to be valid without checking them again: a few hundred bytes each. */
const REMEMBERED = 4096;

/**
 * Invitation tokens: signed names without a meaning outside the study. The token is the only thing
 * that says which group a participant belongs to, so it never depends on answers.
 */
export class Invitations {
  /** Imported once: that takes longer than to verify a token by it. */
  readonly #key: Promise<CryptoKey>;
  /** The latest that were verified. A client shows its token with every large update, and checking costs more than the rest. */
  readonly #verified = new Map<string, InvitationClaims>();

  /** @param secret at least 32 bytes */
  constructor(secret: Uint8Array) {
    if (secret.length < 32) throw new RangeError(`secret must have at least 32 bytes, got ${secret.length}`);
    this.#key = crypto.subtle.importKey('raw', Uint8Array.from(secret), HMAC, false, ['sign', 'verify']);
  }

  /** The same claims always give the same token. */
  async sign({ study, sub, group }: InvitationClaims): Promise<string> {
    return new SignJWT({ study, group })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(sub)
      .sign(await this.#key);
  }

  /** @throws ChoraleError `TOKEN_INVALID`, without saying what is wrong with it. */
  async verify(token: string): Promise<InvitationClaims> {
    const known = this.#verified.get(token);
    if (known !== undefined) return known;
    if (token.length <= limits.tokenLength) {
      try {
        const { payload } = await jwtVerify(token, await this.#key, { algorithms: ['HS256'] });
        const claims = v.parse(InvitationClaims, payload);
        // One that expires has to be checked each time.
        if (payload.exp === undefined) this.#remember(token, claims);
        return claims;
      } catch {
        // Falls through: a guesser learns nothing from how it failed.
      }
    }
    throw new ChoraleError('TOKEN_INVALID', 'this invitation is not valid here');
  }

  #remember(token: string, claims: InvitationClaims): void {
    this.#verified.set(token, claims);
    if (this.#verified.size <= REMEMBERED) return;
    const [oldest] = this.#verified.keys();
    this.#verified.delete(oldest!);
  }
}
