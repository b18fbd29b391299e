import { ChoraleError, InvitationClaims, limits } from '@chorale/protocol';
import { createSigner, createVerifier } from 'fast-jwt';
import * as v from 'valibot';

/**
 * Invitation tokens: signed names without a meaning outside the study. The token is the only thing
 * that says which group a participant belongs to, so it never depends on answers.
 */
export class Invitations {
  // Both work at once. By WebCrypto, a report's way to another thread and back would take ten times as long as the rest.
  readonly #sign: (claims: InvitationClaims) => string;
  readonly #verify: (token: string) => unknown;

  /** @param secret at least 32 bytes */
  constructor(secret: Uint8Array) {
    if (secret.length < 32) throw new RangeError(`secret must have at least 32 bytes, got ${secret.length}`);
    const key = Buffer.from(secret);
    this.#sign = createSigner({ key, algorithm: 'HS256', noTimestamp: true });
    this.#verify = createVerifier({ key, algorithms: ['HS256'], cache: false });
  }

  /** The same claims always give the same token. */
  async sign({ study, sub, group }: InvitationClaims): Promise<string> {
    return this.#sign({ study, sub, group });
  }

  /** @throws ChoraleError `TOKEN_INVALID`, without saying what is wrong with it. */
  async verify(token: string): Promise<InvitationClaims> {
    if (token.length <= limits.tokenLength) {
      try {
        return v.parse(InvitationClaims, this.#verify(token));
      } catch {
        // Falls through: a guesser learns nothing from how it failed.
      }
    }
    throw new ChoraleError('TOKEN_INVALID', 'this invitation is not valid here');
  }
}
