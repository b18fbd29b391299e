import { timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';

/** Whether a request shows the operator token. */
export type IsOperator = (request: Pick<FastifyRequest, 'headers'>) => boolean;

/** Compares in constant time. */
export function operatorCheck(token: string): IsOperator {
  const wanted = Buffer.from(`Bearer ${token}`);
  return ({ headers }) => {
    const given = Buffer.from(headers.authorization ?? '');
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  };
}
