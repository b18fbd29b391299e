import { ChoraleError, InvitationClaims, limits } from '@chorale/protocol';
import { jwtVerify, SignJWT } from 'jose';
import * as v from 'valibot';

/**
 * Invitation tokens: signed names without a meaning outside the study. The token is the only thing
 * that says which group a participant belongs to, so it never depends on answers.
 */
export class Invitations {
  readonly #secret: Uint8Array;

  /** @param secret at least 32 bytes */
  constructor(secret: Uint8Array) {
    if (secret.length < 32) throw new RangeError(`secret must have at least 32 bytes, got ${secret.length}`);
    this.#secret = secret;
  }

  /** The same claims always give the same token. */
  async sign({ study, sub, group }: InvitationClaims): Promise<string> {
    return new SignJWT({ study, group }).setProtectedHeader({ alg: 'HS256' }).setSubject(sub).sign(this.#secret);
  }

  /** @throws ChoraleError `TOKEN_INVALID`, without saying what is wrong with it. */
  async verify(token: string): Promise<InvitationClaims> {
    if (token.length <= limits.tokenLength) {
      try {
        const { payload } = await jwtVerify(token, this.#secret, { algorithms: ['HS256'] });
        return v.parse(InvitationClaims, payload);
      } catch {
        // Falls through: a guesser learns nothing from how it failed.
      }
    }
    throw new ChoraleError('TOKEN_INVALID', 'this invitation is not valid here');
  }
}
