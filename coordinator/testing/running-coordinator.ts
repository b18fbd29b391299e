import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '@chorale/protocol';
import { pino } from 'pino';
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { onTestFinished } from 'vitest';
import { startCoordinator } from '../src/main.ts';
import type { NodeSettings } from '../src/operations/node-settings.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Without the protocol's types: it may send anything. */
export type Client = Socket;

/** A demo's folder with pages that say their own names. */
export function demoFolder(): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'dist', 'assets'), { recursive: true });
  for (const page of ['index', 'survey', 'site', 'results']) {
    writeFileSync(join(folder, 'dist', `${page}.html`), `<!doctype html><title>${page}</title>`);
  }
  writeFileSync(join(folder, 'dist', 'assets', 'page-1a2b.js'), 'export {};');
  return folder;
}

/** A coordinator on a free port, over a real data folder, with everything it logged; stopped with the test. */
export async function runCoordinator({
  manifests = [],
  dataFolder = temporaryFolder(),
  demo = demoFolder(),
  sdk = null,
  ...settings
}: {
  manifests?: Manifest[];
  dataFolder?: string;
  demo?: string | null;
  sdk?: string | null;
  databaseUrl?: string;
  now?: () => number;
} & Partial<NodeSettings> = {}) {
  const logged: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line) => void logged.push(line) });
  const coordinator = await startCoordinator({
    host: 'localhost',
    port: 0,
    dataFolder,
    demoFolder: demo,
    sdkFolder: sdk,
    manifests,
    log,
    ...settings,
  });
  onTestFinished(() => coordinator.close());
  const { url } = coordinator;

  return {
    ...coordinator,
    dataFolder,
    logged,
    get: (path: string, init?: RequestInit) => fetch(new URL(path, url), init),

    /** Invitation tokens of the demo's issuer. */
    async invite(study: string, ...invitations: { name: string; group: string }[]): Promise<string[]> {
      const body = JSON.stringify({ study, invitations });
      const response = await fetch(new URL('/demo/invitations', url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      if (!response.ok) throw new Error(await response.text());
      const { tokens }: { tokens: string[] } = JSON.parse(await response.text());
      return tokens;
    },

    /** A connected socket.io client, closed with the test. */
    async connect(options: Partial<ManagerOptions & SocketOptions> = {}): Promise<Client> {
      const socket: Client = io(url, { transports: ['websocket'], forceNew: true, reconnection: false, ...options });
      onTestFinished(() => void socket.close());
      await new Promise<void>((connected, fail) => socket.once('connect', connected).once('connect_error', fail));
      return socket;
    },
  };
}
