import type { FastifyInstance } from 'fastify';

/** The coordinator cannot listen where it was told to. The message is one line, for the operator. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/**
 * Listens, and tells the URL under which the coordinator answers this machine.
 * @throws ListenError
 */
export async function listen(app: FastifyInstance, { host, port }: { host: string; port: number }): Promise<string> {
  // One address: with the name, sockets would be served on only one of the two that it may stand for.
  const address = host === 'localhost' ? '127.0.0.1' : host;
  try {
    await app.listen({ host: address, port });
  } catch (cause) {
    throw new ListenError(explain(cause, { host, port }), { cause });
  }
  const bound = app.server.address();
  // A string would be a pipe's name, which nobody asked for.
  return `http://${nameOf(address)}:${typeof bound === 'object' && bound !== null ? bound.port : port}`;
}

// Browsers take localhost, and no other plain address, for a secure context.
function nameOf(address: string): string {
  if (address === '127.0.0.1' || address === '0.0.0.0' || address === '::' || address === '::1') return 'localhost';
  return address.includes(':') ? `[${address}]` : address;
}

function explain(cause: unknown, { host, port }: { host: string; port: number }): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE') return `port ${port} is in use: choose another with --port or PORT`;
  if (code === 'EACCES') return `port ${port} is not permitted: choose another with --port or PORT`;
  return `cannot listen on ${host}: choose another address with --host or HOST`;
}
