import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { build } from 'vite';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
  '.css': 'text/css',
};

/** A production build of a page, on as many origins as asked for. */
export type ServedBuild = { directory: string; origins: string[]; close: () => Promise<void> };

/**
 * Builds the page as an embedder would, with workers as modules and addresses relative to the files, and
 * serves it with CORS headers from several ports: each is an origin of its own.
 * @param origins for each, the headers sent with every file, such as a content security policy.
 */
export async function serveBuild({
  root,
  origins,
}: {
  root: string;
  origins: readonly Readonly<Record<string, string>>[];
}): Promise<ServedBuild> {
  const directory = await mkdtemp(join(tmpdir(), 'chorale-build-'));
  await build({
    root,
    base: './',
    logLevel: 'warn',
    worker: { format: 'es' },
    build: {
      outDir: directory,
      emptyOutDir: true,
      target: 'es2024',
      modulePreload: false,
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 4096,
    },
  });
  const servers = await Promise.all(origins.map((headers) => listen(directory, headers)));
  return {
    directory,
    origins: servers.map((server) => `http://localhost:${(server.address() as AddressInfo).port}`),
    async close() {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function listen(directory: string, headers: Readonly<Record<string, string>>): Promise<Server> {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
    const file = join(directory, path === '/' ? 'index.html' : path);
    const body = await readFile(file).catch(() => undefined);
    response.writeHead(body === undefined ? 404 : 200, {
      ...headers,
      'access-control-allow-origin': '*',
      'content-type': body === undefined ? 'text/html' : (types[extname(file)] ?? 'application/octet-stream'),
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, 'localhost', resolve);
  });
  return server;
}
