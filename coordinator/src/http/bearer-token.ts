import type { FastifyRequest } from 'fastify';

/** The bearer token of a request; empty where it has none, which is no valid one. */
export function bearerToken({ headers }: Pick<FastifyRequest, 'headers'>): string {
  const [, token = ''] = /^Bearer (\S+)$/i.exec(headers.authorization ?? '') ?? [];
  return token;
}
