import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Manifest } from '@chorale/protocol';

const root = resolve(import.meta.dirname, '..');

/** A real coordinator in a process of its own, on a free port, with its database in a folder of its own. */
export class TestCoordinator {
  readonly url: string;
  readonly #port: number;
  readonly #folder: string;
  readonly #studies: string[];
  #process: ChildProcess | null = null;
  #said = '';

  private constructor(port: number, folder: string, studies: string[]) {
    this.url = `http://localhost:${port}`;
    this.#port = port;
    this.#folder = folder;
    this.#studies = studies;
  }

  static async start(manifests: Manifest[]): Promise<TestCoordinator> {
    const folder = await mkdtemp(join(tmpdir(), 'chorale-e2e-'));
    const files = manifests.map((manifest) => join(folder, `${manifest.id}.json`));
    await Promise.all(manifests.map((manifest, i) => writeFile(files[i]!, JSON.stringify(manifest))));
    const coordinator = new TestCoordinator(await freePort(), folder, files);
    await coordinator.restart();
    return coordinator;
  }

  /** Starts the process on the same port and folder; resolves once it says that it is ready. */
  async restart(): Promise<void> {
    const studies = this.#studies.flatMap((file) => ['--study', file]);
    const args = [
      'coordinator/bin/chorale.mjs',
      'start',
      '--demo',
      'demo',
      '--sdk',
      'sdk/dist',
      '--port',
      String(this.#port),
    ];
    const child = spawn(process.execPath, [...args, '--data', join(this.#folder, 'data'), ...studies], { cwd: root });
    this.#process = child;
    let output = '';
    await new Promise<void>((ready, fail) => {
      const read = (chunk: Buffer): void => {
        output += chunk.toString();
        // Its links come in the same piece as the first line.
        if (output.includes('is ready')) ready();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.on('error', fail);
      child.on('exit', (code) =>
        fail(new Error(`the coordinator ended with code ${code} before it was ready\n${output}`)),
      );
    });
    this.#said = output;
  }

  /** The link that it printed, which signs a browser in. */
  signInLink(page: 'studio' | 'officer'): string {
    const [link] = new RegExp(`http://\\S+/${page}#token=\\S+`).exec(this.#said) ?? [];
    if (link === undefined) throw new Error(`no link to ${page} was printed`);
    return link;
  }

  /** `kill -9`: no handler runs, nothing is flushed. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(new URL(path, this.url));
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Invitation tokens from the demo's issuer; one name is one participant. */
  async invite(study: string, invitations: { name: string; group: string }[]): Promise<string[]> {
    const response = await fetch(new URL('/demo/invitations', this.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ study, invitations }),
    });
    if (!response.ok) throw new Error(`invitations: ${response.status} ${await response.text()}`);
    return ((await response.json()) as { tokens: string[] }).tokens;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
