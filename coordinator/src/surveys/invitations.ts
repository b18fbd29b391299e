import { createSecretKey, type KeyObject } from 'node:crypto';
import { ChoraleError, InvitationClaims, limits } from '@chorale/protocol';
import * as v from 'valibot';
import { readToken, signToken } from './signed-token.ts';

/**
 * Invitation tokens: signed names without a meaning outside the study. The token is the only thing
 * that says which group a participant belongs to, so it never depends on answers.
 */
export class Invitations {
  readonly #key: KeyObject;

  /** @param secret at least 32 bytes */
  constructor(secret: Uint8Array) {
    if (secret.length < 32) throw new RangeError(`secret must have at least 32 bytes, got ${secret.length}`);
    this.#key = createSecretKey(secret);
  }

  /** The same claims always give the same token. */
  async sign({ study, sub, group }: InvitationClaims): Promise<string> {
    return signToken({ study, group, sub }, this.#key);
  }

  /** @throws ChoraleError `TOKEN_INVALID`, without saying what is wrong with it. */
  async verify(token: string): Promise<InvitationClaims> {
    if (token.length <= limits.tokenLength) {
      try {
        return v.parse(InvitationClaims, readToken(token, this.#key));
      } catch {
        // Falls through: a guesser learns nothing from how it failed.
      }
    }
    throw new ChoraleError('TOKEN_INVALID', 'this invitation is not valid here');
  }
}
