import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'chorale.mjs');

type NodeOptions = { folder: string; study: string; databaseUrl: string };

/** One coordinator process. */
export class TrialNode {
  readonly #options: NodeOptions;
  #process: ChildProcess;
  url: string;
  /** Its number among the nodes. */
  number: number;

  private constructor(options: NodeOptions, running: { process: ChildProcess; url: string; number: number }) {
    this.#options = options;
    this.#process = running.process;
    this.url = running.url;
    this.number = running.number;
  }

  static async launch(options: NodeOptions): Promise<TrialNode> {
    return new TrialNode(options, await launch(options));
  }

  /** Starts it again, under another number. */
  async start(): Promise<void> {
    ({ process: this.#process, url: this.url, number: this.number } = await launch(this.#options));
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }
}

async function launch({
  folder,
  study,
  databaseUrl,
}: NodeOptions): Promise<{ process: ChildProcess; url: string; number: number }> {
  const args = ['start', '--host', '127.0.0.1', '--port', '0', '--data', folder, '--study', study];
  const started = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DATABASE_URL: databaseUrl, LOG_LEVEL: 'info' },
  });
  let log = '';
  started.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-20_000)));
  for await (const line of createInterface(started.stdout)) {
    const url = /http:\/\/[^/\s]+/.exec(line)?.[0];
    const number = /"node":(\d+)/.exec(log)?.[1];
    if (url !== undefined && number !== undefined) {
      started.stdout.resume();
      return { process: started, url, number: Number(number) };
    }
  }
  throw new Error(`a node ended before it was ready: ${log}`);
}
