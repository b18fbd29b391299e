import { createHash, timingSafeEqual } from 'node:crypto';
import { type Actor, ChoraleError, type LogActor } from '@chorale/protocol';
import type { FastifyRequest } from 'fastify';
import type { People } from '../oversight/people.ts';
import { type Permission, requirePermission } from '../oversight/permissions.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks, on routes that need a permission. */
    actor: Actor | null;
  }
}

/** A hook for routes that need a permission: who asks is `request.actor` from there on. */
export type Permit = (permission: Permission, doing: string) => (request: FastifyRequest) => Promise<void>;

/** Who asks, where no permission is needed and a token is only shown to be named. */
export type Whose = (request: Pick<FastifyRequest, 'headers'>) => Promise<LogActor>;

/** Who asks, by the bearer token: a person, or whoever holds the operator token. [O1] */
export class Access {
  readonly #operatorToken: Buffer;
  readonly #people: People;

  constructor({ operatorToken, people }: { operatorToken: string; people: People }) {
    this.#operatorToken = digest(operatorToken);
    this.#people = people;
  }

  /**
   * @throws ChoraleError, from the hook, `TOKEN_INVALID` for nobody who is known, `PERMISSION_DENIED` for whoever may not
   */
  readonly permit: Permit = (permission, doing) => async (request) => {
    const actor = await this.#identify(request);
    if (actor === null) {
      const token = permission === 'operate' ? 'the operator token' : 'the token of a person or of the operator';
      throw new ChoraleError('TOKEN_INVALID', `${doing} needs ${token}`);
    }
    requirePermission(actor, permission, doing);
    request.actor = actor;
  };

  /** @throws ChoraleError `TOKEN_INVALID` for a token of nobody: who shows one wants to be named */
  readonly whose: Whose = async (request) => {
    if (request.headers.authorization === undefined) return { type: 'public' };
    const actor = await this.#identify(request);
    if (actor === null)
      throw new ChoraleError('TOKEN_INVALID', 'this token is of nobody here; leave it out or renew it');
    return actor;
  };

  async #identify({ headers }: Pick<FastifyRequest, 'headers'>): Promise<Actor | null> {
    const token = /^Bearer (\S{1,500})$/.exec(headers.authorization ?? '')?.[1];
    if (token === undefined) return null;
    // Of hashes: they have one length, and how alike they are says nothing of the token.
    if (timingSafeEqual(digest(token), this.#operatorToken)) return { type: 'operator' };
    return this.#people.find(token);
  }
}

/** Who asks, on a route that has made sure of it. */
export function actorOf({ actor }: Pick<FastifyRequest, 'actor'>): Actor {
  if (actor === null) throw new TypeError('the route must ask for a permission');
  return actor;
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
