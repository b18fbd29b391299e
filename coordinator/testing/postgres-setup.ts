import { once } from 'node:events';
import { createServer } from 'node:http';
import type { TestProject } from 'vitest/node';
import { type PostgresServer, startPostgres } from './postgres-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where test files ask for the run's Postgres. */
    postgresDoor: string;
  }
}

/**
 * One Postgres server for all test files of a run, started when the first of them asks: most runs of a
 * single file need none.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let starting: Promise<PostgresServer> | null = null;
  const door = createServer((_request, response) => {
    starting ??= startPostgres();
    starting.then(
      ({ databaseUrl }) => response.end(databaseUrl),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  door.listen(0, '127.0.0.1');
  await once(door, 'listening');
  const address = door.address();
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  project.provide('postgresDoor', `http://127.0.0.1:${address.port}`);

  return async () => {
    door.close();
    const server = await starting?.catch(() => null);
    await server?.remove();
  };
}
